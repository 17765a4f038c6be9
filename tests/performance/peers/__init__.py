"""The same work done by other libraries, as their own documentation says to do it."""
