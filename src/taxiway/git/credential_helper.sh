#!/bin/sh
# git asks this for a user name and password. It answers `get` only, and only for one host.
# What it answers comes by the environment of this one git, and leaves by its own output.
[ "$1" = get ] || exit 0
protocol=''
host=''
while IFS= read -r line && [ -n "$line" ]; do
    case $line in
    protocol=*) protocol=${line#protocol=} ;;
    host=*) host=${line#host=} ;;
    esac
done
[ "$protocol" = https ] && [ "$host" = "$TAXIWAY_CREDENTIAL_HOST" ] || exit 0
printf 'username=%s\npassword=%s\n' "$TAXIWAY_CREDENTIAL_USERNAME" "$TAXIWAY_CREDENTIAL_SECRET"
