"""What answers over HTTP: the API now, pages later. Turns requests into calls and errors into status codes."""
