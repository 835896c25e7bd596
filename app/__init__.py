"""What `uvicorn app.main:app` needs; the program itself is the package `holdfast` in `src`."""
