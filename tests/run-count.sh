# Find a tool's own figures in its output; sourced by tests/run. Each function reads a log
# and prints `PASSED FAILED SKIPPED`, zeros when the tool printed no figures.

# Our own suites end with: 12 passed, 0 failed[, 3 skipped]
count_own_line() {
    sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' "$1" |
        awk '{ passed = $1; failed = $2; skipped = $3 } END { print passed + 0, failed + 0, skipped + 0 }'
}

#      Summary [   2.345s] 41 tests run: 39 passed (1 slow), 1 failed, 1 timed out, 2 skipped
count_nextest() {
    grep -E '^ *Summary \[' "$1" | tail -n 1 | awk '{
        for (i = 1; i < NF; i++) {
            if ($(i + 1) ~ /^passed/) passed = $i
            if ($(i + 1) ~ /^(failed|timed|exec)/) failed += $i
            if ($(i + 1) ~ /^skipped/) skipped = $i
        }
    } END { print passed + 0, failed + 0, skipped + 0 }'
}

# test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; one per binary
count_cargo_test() {
    awk '/^test result: / { passed += $4; failed += $6; skipped += $8 }
        END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# OK (12 tests, 30 assertions), or: Tests: 12, Assertions: 30, Failures: 1, Skipped: 2.
count_phpunit() {
    awk '/^OK \([0-9]+ test/ { gsub(/[^0-9 ]/, ""); tests = $1; failed = 0; skipped = 0 }
        /^Tests: [0-9]+/ {
            failed = 0; skipped = 0
            count = split($0, parts, ",")
            for (i = 1; i <= count; i++) {
                split(parts[i], part, ":")
                number = part[2] + 0
                if (part[1] ~ /Tests$/) tests = number
                if (part[1] ~ /(Errors|Failures)$/) failed += number
                if (part[1] ~ /(Skipped|Incomplete)$/) skipped += number
            }
        }
        END { print tests - failed - skipped + 0, failed + 0, skipped + 0 }' "$1"
}
