# Sourced by .ci/run and .ci/full: stages with their seconds, and fresh virtual environments.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
stage='' seconds=()

end_stage() {
    if [ -n "$stage" ]; then seconds+=("$(printf '%5d s  %s' $((SECONDS - started)) "$stage")"); fi
    stage=''
}

begin_stage() { # title
    end_stage
    stage=$1 started=$SECONDS
    printf '\n=== %s\n' "$stage"
}

declare -A besides # processes, by the functions that they run

beside() { # function; it ends at the first command that fails
    (
        started=$SECONDS
        "$1"
        printf '%5d s  %s, beside' $((SECONDS - started)) "$1" > "$work/$1.seconds"
    ) > "$work/$1.txt" 2>&1 &
    besides[$1]=$!
}

joined() { # function that runs beside
    local code=0
    wait "${besides[$1]}" || code=$?
    printf '\n=== %s\n' "$1"
    cat "$work/$1.txt"
    if [ -f "$work/$1.seconds" ]; then seconds+=("$(cat "$work/$1.seconds")"); fi
    return $code
}

close() { # the seconds of what has run, whether it passed or not, and pytest's last line
    local code=$?
    end_stage
    printf '\n=== seconds\n'
    printf '%s\n' "${seconds[@]-}"
    if [ -f "$work/pytest.txt" ]; then tail -n 1 "$work/pytest.txt"; fi
    (rm -rf "$work" > /dev/null 2>&1 &) # which takes minutes on some file systems
    exit "$code"
}
trap close EXIT

fresh_environment() { # name; PYTHON names the interpreter. An older pip takes four times as long to choose versions.
    "${PYTHON:-python3}" -m venv "$work/$1"
    # shellcheck disable=SC1091
    . "$work/$1/bin/activate"
    pip install --quiet --upgrade pip
    hash -r
}
