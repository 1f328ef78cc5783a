# A PostgreSQL of the benchmark's own, in its directory and on a socket there, with postgres.conf.
postgres_as() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
    else
        "$@"
    fi
}

postgres_start() {
    bin=/usr/lib/postgresql/15/bin
    data=$dir/postgres
    if [ ! -s "$data/PG_VERSION" ]; then
        rm -rf "$data" "$dir/postgres.meta"
        mkdir "$data"
        chmod o+x "$dir"
        [ "$(id -u)" -ne 0 ] || chown postgres "$data"
        postgres_as $bin/initdb -D "$data" -A trust -U postgres --locale=C -E UTF8 >"$kit/initdb.log"
    fi
    cp $here/postgres.conf "$data/postgresql.conf"
    trap postgres_stop EXIT
    trap 'exit 1' INT TERM
    postgres_as $bin/pg_ctl -D "$data" -l "$data/log" -w -o "-k $data" start >>"$kit/postgres.log"
}

postgres_stop() {
    trap - EXIT
    postgres_as $bin/pg_ctl -D "$data" -m fast -w stop >>"$kit/postgres.log"
}
