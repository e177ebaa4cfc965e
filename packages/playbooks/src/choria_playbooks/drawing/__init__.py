"""What a book will do, as text and as a picture."""
