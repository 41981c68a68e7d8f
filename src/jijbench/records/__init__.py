"""What a run leaves behind: records, predictions, the packed form in which they are published."""
