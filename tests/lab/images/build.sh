#!/usr/bin/env bash
# Makes the lab's container images from Debian packages and PyPI wheels, as archives for `docker load`:
#   OUT_DIR/python.tar   skerry-lab/python:1   Python 3.11 and a few commands
#   OUT_DIR/sklearn.tar  skerry-lab/sklearn:1  the same, with mlflow-skinny, scikit-learn and pandas
# They hold no mark of when they were made. Kept in ~/.cache/skerry-lab; a changed recipe makes new ones.
# Needs root (chroot), apt-get, python3 with pip (or with venv).
set -euo pipefail
out=${1:?usage: build.sh OUT_DIR}
here=$(cd "$(dirname "$0")" && pwd)

wheels=(mlflow-skinny==3.17.2 scikit-learn==1.9.1 pandas skops)
packages=(
    base-files busybox-static media-types
    python3.11 python3.11-minimal libpython3.11-stdlib libpython3.11-minimal
    libc6 libgcc-s1 libstdc++6 zlib1g libexpat1 libssl3 libffi8 libbz2-1.0 liblzma5 libsqlite3-0
    libreadline8 readline-common libtinfo6 libncursesw6 libuuid1 libdb5.3 libcrypt1 libnsl2 libtirpc3
    libtirpc-common libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2 libkeyutils1
)

key=$(cat "$here/build.sh" "$here/archive.py" | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/skerry-lab/images/$key
mkdir -p "$cache" "$out"
exec 9>"$cache/lock"
flock 9

machine=$(uname -m)
case $machine in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    *) echo "no recipe for the processor $machine" >&2; exit 1 ;;
esac

# Entries in one order, owned by root, from one time: the same content is the same layer.
layer() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu -C "$1" -cf "$2" .; }

compile() { # ROOT FOLDER: byte code beside the sources, so that a container starts without compiling
    chroot "$1" /usr/bin/python3.11 -B -m compileall -q --invalidation-mode unchecked-hash "$2"
}

if [ ! -f "$cache/done" ]; then
    work=$(mktemp -d "$cache/work.XXXXXX")
    trap 'rm -rf "$work"' EXIT

    root=$work/root
    mkdir -p "$work/debs" "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64" "$root/usr/local/bin"
    for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done
    # _apt cannot write here, hence no sandbox.
    (cd "$work/debs" && apt-get -o APT::Sandbox::User=root -o DPkg::Lock::Timeout=500 download "${packages[@]}" >&2)
    for package in "$work"/debs/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root"
    done
    rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale" "$root/usr/share/lintian"
    ln -s python3.11 "$root/usr/bin/python3"
    chroot "$root" /bin/busybox --list | while read -r name; do
        [ -e "$root/usr/bin/$name" ] || [ -e "$root/usr/sbin/$name" ] || ln -s busybox "$root/usr/bin/$name"
    done
    mkdir -p "$root/etc" "$root/tmp" "$root/root" "$root/var/tmp" "$root/dev" "$root/proc" "$root/sys"
    chmod 1777 "$root/tmp" "$root/var/tmp"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
    printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
    compile "$root" /usr/lib/python3.11
    layer "$root" "$work/python.layer"

    python=python3
    if ! python3 -m pip --version >/dev/null 2>&1; then
        python3 -m venv "$work/venv"
        python=$work/venv/bin/python
    fi
    packages_at=usr/local/lib/python3.11/dist-packages
    platforms=()
    for level in manylinux2014 manylinux_2_17 manylinux_2_27 manylinux_2_28 manylinux_2_34; do
        platforms+=(--platform "${level}_$machine")
    done
    "$python" -m pip install --quiet --disable-pip-version-check --no-compile --only-binary=:all: \
        --implementation cp --python-version 3.11 "${platforms[@]}" \
        --target "$work/top/$packages_at" "${wheels[@]}" >&2
    # Tests of the packages are a third of them, and nothing imports them.
    find "$work/top" -type d -name tests -path '*/dist-packages/*' -prune -exec rm -rf {} +
    rm -rf "$work/top/$packages_at/bin"
    # pip writes down where it took each wheel from, and when: not the same on every machine.
    find "$work/top" \( -name RECORD -o -name direct_url.json -o -name INSTALLER -o -name REQUESTED \) -delete
    mkdir -p "$root/$packages_at"
    mount --bind "$work/top/$packages_at" "$root/$packages_at"
    compile "$root" "/$packages_at"
    umount "$root/$packages_at"
    layer "$work/top" "$work/sklearn.layer"

    python3 "$here/archive.py" "$architecture" skerry-lab/python:1 "$work/python.tar" "$work/python.layer"
    python3 "$here/archive.py" "$architecture" skerry-lab/sklearn:1 "$work/sklearn.tar" \
        "$work/python.layer" "$work/sklearn.layer"
    mv "$work/python.tar" "$work/sklearn.tar" "$cache/"
    touch "$cache/done"
fi

for name in python sklearn; do
    # A link costs no space; on another file system it is a copy.
    ln -f "$cache/$name.tar" "$out/$name.tar" 2>/dev/null || cp "$cache/$name.tar" "$out/$name.tar"
    echo "$out/$name.tar"
done
