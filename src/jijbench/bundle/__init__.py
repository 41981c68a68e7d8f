"""Bundle: a row's model refitted on all data of a task, in one folder of plain files, and what it predicts."""

from jijbench.bundle.export import export_bundle
from jijbench.bundle.model import Bundle, load_bundle

__all__ = ["Bundle", "export_bundle", "load_bundle"]
