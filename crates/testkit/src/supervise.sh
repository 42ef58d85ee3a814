# Makes a PostgreSQL in the current folder and runs it until standard input ends, which is when the tests' process
# does, however it ends. Arguments: the folder of PostgreSQL's programs, the port, and whether it syncs (on, off).
set -eu
"$1/initdb" --pgdata=data --username=keywright --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
    --locale-provider=icu --icu-locale=en-US --no-sync --no-instructions >initdb.log 2>&1
"$1/postgres" -D data -p "$2" -k "$PWD" -c listen_addresses=127.0.0.1 -c "fsync=$3" -c max_connections=300 \
    -c shared_buffers=32MB -c autovacuum=off >postgres.log 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -QUIT "$server" 2>/dev/null || true
wait "$server" || true
folder=$PWD
cd /
rm -rf "$folder"
