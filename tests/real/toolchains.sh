# What the installs of real peers share: a Python with venv, a Node.js with npm, packages by lock files, a cache folder by
# their state. Sourced, never run. Knows no package by name.

. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"

# What an install prints is the folder, and nothing else.
say() { printf '%s\n' "$*" >&2; }
fail() { say "$0: $*"; exit 1; }

# Debian ships `venv` without what fills it, hence ensurepip is what is asked for.
python_with_venv() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { printf '%s' "$candidate"; return; }
    done
    return 1
}

# Sets `python`.
need_python() {
    python=$(python_with_venv) || { apt_install python3 python3-venv && python=$(python_with_venv); } ||
        fail "needs Python 3.11 or newer with venv (on Debian: apt-get install python3-venv)"
}
need_npm() {
    node_is_new || { apt_install nodejs npm && node_is_new; } ||
        fail "needs Node.js 18 or newer with npm"
}

# Renews requirements.txt of FOLDER from its requirements.in, and package-lock.json from package.json where it has one.
freeze() { # FOLDER
    local work
    work=$(mktemp -d)
    "$python" -m venv "$work/venv"
    "$work/venv/bin/python" -m pip install -q -r "$1/requirements.in" >&2
    { echo '# Everything that requirements.in needs, frozen by `./install --freeze`.'
      "$work/venv/bin/python" -m pip freeze; } >"$work/requirements.txt"
    cp "$work/requirements.txt" "$1/"
    if [ -e "$1/package.json" ]; then
        cp "$1/package.json" "$work/"
        (cd "$work" && npm install --silent --ignore-scripts --omit-lockfile-registry-resolved >&2)
        cp "$work/package-lock.json" "$1/"
    fi
    rm -rf "$work"
}

# Makes and prints the cache folder of these lock files.
cache_folder() { # NAME LOCK…
    local name=$1 folder
    shift
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/portcullis/$name-$(cat "$@" | sha256sum | cut -c1-16)
    mkdir -p "$folder"
    printf '%s' "$folder"
}

# FOLDER/venv, of what LOCKS/requirements.txt names.
python_packages() { # LOCKS FOLDER
    mkdir -p "$2"
    "$python" -m venv "$2/venv"
    "$2/venv/bin/python" -m pip install -q --no-deps -r "$1/requirements.txt" >&2 </dev/null
}

# FOLDER/node_modules, of what LOCKS/package-lock.json names.
npm_packages() { # LOCKS FOLDER
    cp "$1/package.json" "$1/package-lock.json" "$2/"
    (cd "$2" && npm ci --loglevel=error --no-audit --no-fund --ignore-scripts >&2 </dev/null)
}

# FOLDER/bin/node: what npm packages of Node.js, since many machines have an older one; where it packages none, the machine's
# own must do.
node_of() { # FOLDER OLDEST
    local node
    mkdir -p "$1/bin"
    node=$(find "$1/node_modules" -path '*/node-linux-*/bin/node' | head -n 1)
    ln -sfn "${node:-$(command -v node)}" "$1/bin/node"
    "$1/bin/node" -e "process.exit(Number(process.versions.node.split('.')[0]) < $2 ? 1 : 0)" || fail "needs Node.js $2 or newer"
}
