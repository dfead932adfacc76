// Every way in which PHP lives and dies, with the real programs: each test publishes from real PHP processes with the real
// extension, a client of a real server counts what comes, and afterwards nothing may be left in the queue directory.
//
//   node tests/lives/run.mjs PHP PHP-FPM LIBCANYON.SO [--only TEXT] [--list]
//
// Needs the environment of tests/setup/env.sh. The last line is `N passed, N failed`, with `, N skipped` if anything was.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { parseArgs } from 'node:util'

import { Runner } from '../support/runner.mjs'

const files = {
    'php-fpm': './fpm_pools.mjs',
    'users': './users.mjs',
    'preload': './preload.mjs',
    'php -S': './cli_server.mjs',
    'pcntl_fork': './forks.mjs',
    'containers': './containers.mjs',
    'hosted server': './hosted.mjs',
    'queue workers': './queue_workers.mjs',
    'ends': './ends.mjs',
}

/** Most tests wait most of the time. */
const AT_ONCE = 3

const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: 'string' }, list: { type: 'boolean' } },
})
const [php, phpFpm, extension] = positionals
const programs = { 'PHP': php, 'php-fpm': phpFpm, 'the extension': extension, CANYON_BIN: process.env.CANYON_BIN, NODE_PATH: process.env.NODE_PATH }
for (const [what, file] of Object.entries(programs)) {
    if (!file || !fs.existsSync(file)) {
        console.error(`${what} is missing (${file ?? 'not named'}): run make test-lives`)
        process.exit(2)
    }
}
const version = Number(execFileSync(php, ['-r', 'echo PHP_VERSION_ID;'], { env: { ...process.env, CANYON_EXTENSION: extension } }))
const tools = { php, phpFpm, extension, server: process.env.CANYON_BIN, version }

const { Life } = await import('./life.mjs')
const tests = []
for (const [name, file] of Object.entries(files)) {
    const { default: { needs = 0, ...lives } } = await import(file)
    if (version < needs) continue
    for (const [sentence, test] of Object.entries(lives)) {
        const title = `${name}: ${sentence}`
        if (!options.only || title.includes(options.only)) tests.push({ title, test })
    }
}
if (options.list) {
    for (const { title } of tests) console.log(title)
    process.exit(0)
}

const runner = new Runner()
const lane = async () => {
    for (let next; (next = tests.shift()); ) {
        const life = new Life(tools)
        await runner.run(next.title, () => next.test(life), { describe: async () => life.describe(), end: () => life.end() })
    }
}
await Promise.all(Array.from({ length: AT_ONCE }, lane))
runner.finish()
