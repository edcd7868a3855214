#!/bin/sh
# Writes .env for compose.yaml: new passwords, the address, the realm, and a self-signed certificate to begin with.
#
#   deploy/prepare.sh https://mammolens.example https://login.example/realms/hospital 'torch==2.13.0 --index-url ...'
#
# The third says what pip installs as torch (docs/deployment.md). Never overwrites anything.
set -eu
cd "$(dirname "$0")/.."
umask 077
say() { printf '%s\n' "prepare: $*" >&2; }

if [ $# -ne 3 ]; then
    say "give the public address, the realm's address and the build of torch; see the head of deploy/prepare.sh"
    exit 2
fi
case $1 in
https://*/ | https://*/*) say "$1: has a path or a slash at the end; give https://name or https://name:port"; exit 2 ;;
https://?*) ;;
*) say "$1: is not an https address; tokens and images must not travel in the open"; exit 2 ;;
esac
if [ -e .env ]; then
    say ".env: is there already, with passwords that the database knows; edit it, or move it away"
    exit 1
fi

certificates=deploy/certificates
if [ ! -e $certificates ]; then
    host=${1#https://}
    host=${host%%:*}
    case $host in
    *[!0-9.]*) name=DNS:$host ;;
    *) name=IP:$host ;;
    esac
    mkdir -p $certificates
    openssl req -x509 -newkey rsa:3072 -nodes -days 90 -subj "/CN=$host" -addext "subjectAltName=$name" \
        -keyout $certificates/key.pem -out $certificates/fullchain.pem 2>/dev/null
    say "$certificates: a self-signed certificate for 90 days; put your own in its place"
fi

# Values are quoted: they may hold spaces and #.
fill() { printf '%s\n' "s|^$1=\$|$1='$2'|"; }
{
    fill PUBLIC_URL "$1"
    fill CERTIFICATES "./$certificates"
    fill MONAI_LABEL_AUTH_REALM_URI "$2"
    fill POSTGRES_PASSWORD "$(openssl rand -hex 24)"
    fill ORTHANC_PASSWORD "$(openssl rand -hex 24)"
    fill TORCH "$3"
    fill LOGIN_COOKIE_SECRET "$(openssl rand -hex 16)"
} >.env.rules
sed -f .env.rules deploy/.env.example >.env.new
rm .env.rules
mv .env.new .env
say ".env: written; next: docker compose up --build --detach"
