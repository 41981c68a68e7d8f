"""The parts of the page, two files each."""
