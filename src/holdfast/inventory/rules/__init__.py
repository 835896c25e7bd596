"""Rules: what may be held, booked and changed. Pure: no input or output, no clock."""
