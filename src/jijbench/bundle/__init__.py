"""Bundle: a row's model refitted on all data of a task, in one folder of plain files, and what it predicts.

``export`` makes one (``jijbench.export_bundle``), ``model`` reads it (``jijbench.load_bundle``).
"""
