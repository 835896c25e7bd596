"""Mail: letters as jobs, one layout, and the SMTP server that takes them."""
