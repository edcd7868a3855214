#!/bin/sh
# Installs what the integration tests talk to, where that is possible without asking:
#
#   orthanc orthanc-dicomweb   a small PACS with DICOMweb
#   orthanc-gdcm               lets it decode JPEG 2000
#   orthanc-postgresql postgresql nginx-light openssl
#                              the rest of the site of compose.yaml: tests/integration/test_deployment.py
#   dicom3tools                dciodvfy, which checks the DICOM objects that MammoLens writes
#   dcmtk                      dsrdump and dcm2pnm, which read them independently
#   chromium                   shows OHIF, headless
#
# Only Debian-like systems and only as root; anywhere else it says what to do and leaves, and the tests
# that need a missing program are skipped with a reason. With CI=true a failed installation is an error.
# Orthanc is not started: the tests start their own, on a port and in a folder of their own.
set -eu

packages="orthanc orthanc-dicomweb orthanc-gdcm dicom3tools dcmtk chromium orthanc-postgresql postgresql nginx-light openssl"
say() { printf '%s\n' "test servers: $*"; }

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    say "no apt on this system; for the integration tests install Orthanc with its DICOMweb plugin and dicom3tools"
    exit 0
fi

missing=""
for package in $packages; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    say "missing:$missing; the tests that need them are skipped"
    say "to run them too: sudo apt-get install --no-install-recommends$missing"
    exit 0
fi

# Debian starts a server as soon as it is installed, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi

say "installing$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # a list of names
if apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing >/dev/null; then
    say "installed"
elif [ "${CI:-}" = true ]; then
    say "the installation failed" >&2
    exit 1
else
    say "the installation failed; the tests that need them are skipped"
fi
