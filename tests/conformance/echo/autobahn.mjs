// What `autobahn` asks of the testsuite, and what it makes of the answer.
//
//   node autobahn.mjs spec FOLDER HOST:PORT [CASE...]    prints the testsuite's settings
//   node autobahn.mjs compare FOLDER [CASE...]           the last line is `N passed, N failed`

import fs from 'node:fs'
import path from 'node:path'

const expected = JSON.parse(fs.readFileSync(new URL('autobahn.json', import.meta.url)))
const agent = 'canyon-echo'

function spec(folder, address, ...cases) {
    return {
        outdir: folder,
        servers: [{ agent, url: `ws://${address}` }],
        cases: cases.length > 0 ? cases : ['*'],
        'exclude-cases': Object.keys(expected.excluded),
        'exclude-agent-cases': {},
    }
}

/** What is not as expected, a line each. */
function* differences(results, isWhole) {
    for (const [id, { behavior, behaviorClose }] of Object.entries(results)) {
        const { result } = expected.exceptions[id] ?? { result: 'OK' }
        const close = result === 'INFORMATIONAL' ? 'INFORMATIONAL' : 'OK'
        if (behavior !== result || behaviorClose !== close) {
            yield `${id}: ${behavior}, closing ${behaviorClose}; expected ${result}, closing ${close}`
        }
    }
    const count = Object.keys(results).length
    if (isWhole && count !== expected.cases) {
        yield `${count} cases were run; expected ${expected.cases} (the end of the log may say why)`
    }
}

function compare(folder, ...cases) {
    const index = path.join(folder, 'index.json')
    const results = fs.existsSync(index) ? JSON.parse(fs.readFileSync(index))[agent] : {}
    const wrong = [...differences(results, cases.length === 0)]
    wrong.forEach((line) => console.log(`not as expected: ${line}`))
    for (const [id, { result, reason }] of Object.entries(expected.exceptions)) {
        if (id in results) console.log(`${id} is ${result}: ${reason}`)
    }
    const count = Object.keys(results).length
    if (count === 0) console.log(`no case was run; see ${path.join(folder, 'log')}`)
    const failed = Math.max(wrong.length, count === 0 ? 1 : 0)
    console.log(`${Math.max(count - failed, 0)} passed, ${failed} failed`)
    process.exitCode = failed === 0 ? 0 : 1
}

const [command, ...rest] = process.argv.slice(2)
if (command === 'spec') console.log(JSON.stringify(spec(...rest)))
else if (command === 'compare') compare(...rest)
else throw new Error('say spec or compare')
