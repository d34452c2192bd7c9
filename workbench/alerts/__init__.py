"""What is worth a page? Rises and moves beyond what is usual, within an alarm budget."""
