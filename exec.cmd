@rem The npm scripts begin with `exec`, so that SIGTERM to npm reaches the server and not a shell in between.
@rem Windows has no such word; cmd looks for it here first and finds what it means.
@%*
