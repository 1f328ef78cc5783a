# Each get_ENGINE gets and builds what its engine needs, and sets `command`.  What is there already
# is not asked for again.
apt_has() { # PACKAGE...
    for p in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed && continue
        DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
            "$p" >/dev/null || return 1
    done
}

compile() { # NAME OPTION...
    name=$1
    shift
    command="$kit/bin/$name"
    cc -std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -Wall -Wextra -Wshadow -Wconversion \
        -Wstrict-prototypes -Wmissing-prototypes -Werror -O2 -g -pthread -o "$command" \
        "$here/$name.c" "$@"
}

get_sqlite() {
    apt_has libsqlite3-dev && compile sqlite -lsqlite3
}

get_postgres() {
    apt_has postgresql-15 libpq-dev && compile postgres -I/usr/include/postgresql -lpq
}

# Debian has none; the wheel's module exports the C API.
get_duckdb() {
    apt_has python3-venv libpython3.11 || return 1
    if [ ! -s "$kit/lib/libduckdb.so" ]; then
        mkdir -p "$kit/lib" "$kit/wheel"
        [ -x "$kit/venv/bin/pip" ] || /usr/bin/python3 -m venv "$kit/venv" || return 1
        "$kit/venv/bin/pip" download -q --no-deps -d "$kit/wheel" duckdb==2.0.1 || return 1
        (cd "$kit/wheel" && "$kit/venv/bin/python" -m zipfile -e duckdb-*.whl .) || return 1
        cp "$kit"/wheel/_duckdb.*.so "$kit/lib/libduckdb.so" && rm -rf "$kit/wheel"
    fi
    compile duckdb "$kit/lib/libduckdb.so" "-Wl,-rpath,$kit/lib" -Wl,--allow-shlib-undefined \
        -Wl,--no-as-needed -l:libpython3.11.so.1.0 -lstdc++
}

get_groonga() {
    apt_has libgroonga-dev pkg-config || return 1
    # shellcheck disable=SC2046 # options
    compile groonga $(pkg-config --cflags --libs groonga)
}

# Lucene 10 needs Java 21 or later.
get_lucene() {
    version=10.6.0
    for jdk in "${JAVA_HOME:-/none}" /usr/lib/jvm/*; do
        [ -x "$jdk/bin/javac" ] || continue
        major=$("$jdk/bin/javac" -version 2>&1 | sed 's/^javac \([0-9]*\).*/\1/')
        [ "$major" -lt 21 ] || break
        major=
    done
    [ -n "${major:-}" ] || {
        echo "Lucene $version needs a JDK of Java 21 or later"
        return 1
    }
    apt_has maven || return 1
    if [ ! -s "$kit/lucene/lucene-core-$version.jar" ]; then
        mvn -q -B -f "$here/lucene/pom.xml" "-Dlucene.version=$version" \
            org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies \
            "-DoutputDirectory=$kit/lucene" || return 1
    fi
    "$jdk/bin/javac" -Xlint -Werror -cp "$kit/lucene/*" -d "$kit/java" "$here/lucene/Peer.java" ||
        return 1
    # The class path has a pattern, which the shell must leave alone.
    printf '#!/bin/sh\nexec "%s" %s -cp "%s" Peer "$@" 2>>"%s"\n' "$jdk/bin/java" \
        "--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Xms1g -Xmx4g" \
        "$kit/lucene/*:$kit/java" "$kit/lucene-errors.log" >"$kit/bin/lucene"
    chmod +x "$kit/bin/lucene"
    command="$kit/bin/lucene"
}

get_tantivy() {
    CARGO_TARGET_DIR=$kit/cargo nice cargo build -q --release --locked \
        --manifest-path "$here/tantivy/Cargo.toml" || return 1
    command="$kit/cargo/release/peer"
}
