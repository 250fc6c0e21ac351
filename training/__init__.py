"""How the narrator that ships was taught: see README.md here."""
