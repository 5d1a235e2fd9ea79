#!/bin/sh
# The browser that FIREFOX names, which goes on when the process of a page is killed: geckodriver asks it to end then.
unset MOZ_CRASHREPORTER_SHUTDOWN
exec "$FIREFOX" "$@"
