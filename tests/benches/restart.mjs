// How many clients get everything across a crash of the server: stock pusher-js clients, a server that is killed with
// SIGKILL and started anew, events that PHP publishes at a steady rate all the while.
//
//   make setup server ext84; source tests/setup/env.sh
//   node tests/benches/restart.mjs [--clients 1000] [--hold 0,2] [--down 100,700] [--rate 5] [--runs 3]
//       [--signal SIGTERM]
//
// Prints a row for each hold (the server's start_hold, in seconds) and down time (from its end to the new start, in ms; 100
// is systemd's RestartSec). Each run takes some 15 seconds. The clients take much more of the processor than the server: on a
// busy machine it is they who come back late.

import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { Server } from '../conformance/support/server.mjs'
import { within } from '../support/until.mjs'

const APP = { id: '1', key: 'key', secret: 'secret', settings: {} }
const CLIENTS_PER_PROCESS = 250
const BEFORE_CRASH = 2_000
const AFTER_START = 6_000
const PATIENCE = 60_000

const PUBLISHER = `
    [, $queue, $rate] = $argv;
    $publisher = new Canyon\\Publisher($queue, '1');
    stream_set_blocking(STDIN, false);
    for ($n = 0, $start = hrtime(true); fgets(STDIN) === false && ! feof(STDIN); $n++) {
        $publisher->publish('ticks', 'tick', (string) $n);
        $wait = $start + ($n + 1) * intdiv(1_000_000_000, (int) $rate) - hrtime(true);
        $wait > 0 && usleep(intdiv($wait, 1000));
    }
    echo $n;
`

const { values } = parseArgs({
    options: {
        clients: { type: 'string', default: '1000' },
        hold: { type: 'string', default: '0,2' },
        down: { type: 'string', default: '100,700' },
        rate: { type: 'string', default: '5' },
        runs: { type: 'string', default: '3' },
        signal: { type: 'string', default: 'SIGKILL' },
    },
})
const numbers = (text) => text.split(',').map(Number)
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
const quantile = (list, rank) => list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(rank * list.length))]
const percent = (share) => `${(100 * share).toFixed(1)} %`

const row = (...cells) => console.log(cells.map((cell) => String(cell).padStart(16)).join(''))
row('start_hold', 'down', 'get everything', 'least to most', 'lost each', 'twice each', 'half are back', '99 % are back')
for (const down of numbers(values.down)) {
    for (const hold of numbers(values.hold)) {
        const runs = []
        for (let run = 0; run < Number(values.runs); run++) runs.push(await measure(hold, down))
        const shares = runs.map(({ share }) => share)
        row(
            `${hold} s`, `${down} ms`, percent(median(shares)), `${percent(Math.min(...shares))} ${percent(Math.max(...shares))}`,
            median(runs.map(({ lost }) => lost)).toFixed(2), median(runs.map(({ twice }) => twice)).toFixed(2),
            ...[0.5, 0.99].map((rank) => `${median(runs.map(({ returned }) => quantile(returned, rank)))} ms`),
        )
    }
}

/**
 * One crash: the share of clients that got every event, what a client lost or got twice in the mean, and how long after the
 * server listened again each was subscribed again.
 */
async function measure(hold, down) {
    const server = await Server.start([APP], { start_hold: hold, max_age: 30 })
    const swarm = []
    let publisher
    try {
        const clients = Number(values.clients)
        for (let left = clients; left > 0; left -= CLIENTS_PER_PROCESS) {
            swarm.push(fork(new URL('restart-clients.mjs', import.meta.url), [String(server.port), String(Math.min(left, CLIENTS_PER_PROCESS))]))
        }
        await within('all clients to subscribe', Promise.all(swarm.map((child) => once(child, 'message'))), PATIENCE)
        publisher = spawn(process.env.PHP84, ['-r', PUBLISHER, server.queue, values.rate], {
            env: { ...process.env, CANYON_EXTENSION: process.env.CANYON_EXT84 }, stdio: ['pipe', 'pipe', 'inherit'],
        })
        await sleep(BEFORE_CRASH)
        await server.end(values.signal)
        await sleep(down)
        await server.launch()
        const listening = Date.now()
        await sleep(AFTER_START)
        publisher.stdin.end('\n')
        const [text] = await within('the publisher to end', once(publisher.stdout, 'data'), PATIENCE)
        const published = Number(text)
        await sleep(1_000)
        const answers = swarm.map((child) => once(child, 'message'))
        swarm.forEach((child) => child.send(published))
        const tallies = (await within('the clients to count', Promise.all(answers), PATIENCE)).flatMap(([tally]) => tally)
        const sum = (key) => tallies.reduce((total, tally) => total + tally[key], 0)
        return {
            share: tallies.filter(({ lost }) => lost === 0).length / clients,
            lost: sum('lost') / clients,
            twice: sum('twice') / clients,
            // Before the crash, if a client has not come back at all.
            returned: tallies.map(({ back }) => back < listening ? Infinity : back - listening),
        }
    } finally {
        swarm.forEach((child) => child.kill('SIGKILL'))
        publisher?.kill('SIGKILL')
        await server.close()
    }
}
