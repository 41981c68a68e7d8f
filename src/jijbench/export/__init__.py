"""Files that other codes read, one module a code."""
