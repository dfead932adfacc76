// php-fpm in all its ways to begin and end workers.

import assert from 'node:assert/strict'
import fs from 'node:fs'

import { Skip } from '../support/runner.mjs'
import { until } from '../support/until.mjs'
import { load, published, startFpm, workersOf } from './fpm.mjs'
import { PATIENCE } from './programs.mjs'

async function quit(fpm) {
    fpm.signal('SIGQUIT')
    assert.equal(await fpm.end(), 0, fpm.log())
}

/** Everything that was asked for was answered and came. */
async function settle(life, ...loads) {
    for (const { unanswered } of loads) assert.deepEqual(unanswered.map(({ error }) => error.message), [])
    await life.settle(Object.assign({}, ...loads.map(published)))
}

const workersIn = ({ answers }) => new Set(answers.map(({ pid }) => pid)).size

export default {
    async 'a static pool recycles its workers every 20 requests'(life) {
        await life.serve()
        const fpm = await startFpm(life, { pools: { www: { pm: 'static', 'pm.max_children': 4, 'pm.max_requests': 20 } } })
        let rings = 0
        const watch = setInterval(() => { rings = Math.max(rings, life.leftBehind.length) }, 50)
        const done = await load(life, fpm.sockets.www, { requests: 2000, events: 10 })
        clearInterval(watch)
        await quit(fpm)
        await settle(life, done)
        assert.ok(workersIn(done) >= 100, `only ${workersIn(done)} workers came and went`)
        assert.equal(life.ledger.processes, workersIn(done), 'the client heard from every worker')
        assert.ok(rings >= 1, 'no ring was ever seen in the queue directory')
        const retries = done.answers.reduce((sum, answer) => sum + answer.retries, 0)
        return `${workersIn(done)} workers, at most ${rings} rings at once, full ring met ${retries} times`
    },

    async 'a dynamic pool starts workers under load and ends the spare ones'(life) {
        await life.serve()
        const fpm = await startFpm(life, { pools: { www: {
            pm: 'dynamic', 'pm.max_children': 8, 'pm.start_servers': 1, 'pm.min_spare_servers': 1, 'pm.max_spare_servers': 2, 'pm.max_requests': 40,
        } } })
        const done = await load(life, fpm.sockets.www, { lanes: 8, requests: 400 })
        assert.ok(workersIn(done) > 8, `${workersIn(done)} workers published`)
        // Without work the master ends one spare worker a second.
        await until('spare workers to end', () => workersOf(fpm).length <= 2, PATIENCE)
        await until('their rings to go', () => life.leftBehind.length <= 2, PATIENCE)
        const more = await load(life, fpm.sockets.www, { requests: 20, name: 'more' })
        await quit(fpm)
        await settle(life, done, more)
    },

    async 'an ondemand pool has no worker, and no ring, when nobody asks'(life) {
        await life.serve()
        const fpm = await startFpm(life, { pools: { www: {
            pm: 'ondemand', 'pm.max_children': 3, 'pm.process_idle_timeout': '1s', 'pm.max_requests': 25,
        } } })
        const loads = []
        for (const name of ['first', 'second']) {
            loads.push(await load(life, fpm.sockets.www, { requests: 60, name }))
            await until('all workers to end', () => workersOf(fpm).length === 0, PATIENCE)
            await life.atRest()
        }
        await quit(fpm)
        await settle(life, ...loads)
    },

    async 'a graceful reload under load, again and again, loses nothing'(life) {
        await life.serve()
        const fpm = await startFpm(life, { pools: { www: { pm: 'static', 'pm.max_children': 3, 'pm.max_requests': 50 } } })
        let reloads = 0
        const loading = load(life, fpm.sockets.www, { until: () => reloads === 3 })
        for (; reloads < 3; reloads++) {
            const before = life.ledger.received
            await until('events to come', () => life.ledger.received > before + 100, PATIENCE)
            fpm.signal('SIGUSR2')
            await fpm.logs(/ready to handle connections/, reloads + 2)
        }
        const done = await loading
        // A request that the reload cut off may have published or not; what came of it came in order and once.
        assert.ok(done.answers.length > 10 * done.unanswered.length, `${done.unanswered.length} requests were not answered`)
        await quit(fpm)
        await life.settle(published(done))
        return `${done.answers.length} requests answered, ${done.unanswered.length} not`
    },

    async 'reopening the log under load touches no worker'(life) {
        await life.serve()
        const fpm = await startFpm(life, { pools: { www: { pm: 'static', 'pm.max_children': 2 } } })
        let reopened = 0
        const loading = load(life, fpm.sockets.www, { lanes: 2, until: () => reopened === 3 })
        for (; reopened < 3; reopened++) {
            const before = life.ledger.received
            await until('events to come', () => life.ledger.received > before + 50, PATIENCE)
            fpm.signal('SIGUSR1')
            await fpm.logs(/error log file re-opened/, reopened + 1)
        }
        const done = await loading
        await quit(fpm)
        await settle(life, done)
        assert.equal(life.ledger.processes, 2)
    },

    async 'workers that request_terminate_timeout kills keep what they published, and their rings go'(life) {
        await life.serve()
        const fpm = await startFpm(life, { pools: { www: { pm: 'static', 'pm.max_children': 4, request_terminate_timeout: '1s' } } })
        const killed = ['hang', 'go on for ever'].flatMap((then) => [0, 1].map((index) => ({ series: `${then} ${index}`, count: 20, then })))
        const expected = {}
        await Promise.all(killed.map(async (asked, index) => {
            const notes = life.path(`notes-${index}`)
            await assert.rejects(life.ask(fpm.sockets.www, { ...asked, notes }), /closed the connection|reset/i)
            expected[asked.series] = { least: Number(fs.readFileSync(notes, 'utf8').trimEnd().split('\n').pop()) }
        }))
        await fpm.logs(/exited on signal/, killed.length)
        await life.atRest()
        const after = await load(life, fpm.sockets.www, { requests: 40, name: 'after' })
        await quit(fpm)
        assert.deepEqual(after.unanswered, [])
        await life.settle({ ...expected, ...published(after) })
        for (const { series, count, then } of killed) {
            if (then === 'hang') assert.equal(life.ledger.count(series), count)
            else assert.ok(life.ledger.count(series) > count, `${series} did not go on`)
        }
    },

    async 'a pool in a chroot has another path for the queue, and neither /proc nor /dev nor /etc'(life) {
        if (process.getuid() !== 0) throw new Skip('only root can change the root directory')
        await life.serve()
        const fpm = await startFpm(life, { pools: { www: { pm: 'static', 'pm.max_children': 2, 'pm.max_requests': 10, chroot: life.directory } } })
        const done = await load(life, fpm.sockets.www, { requests: 60, script: '/php/request.php', queue: '/queue' })
        await quit(fpm)
        await settle(life, done)
    },

    async 'a master that is killed leaves workers that go on, and nothing when they end'(life) {
        await life.serve()
        const fpm = await startFpm(life, { pools: { www: { pm: 'static', 'pm.max_children': 2 } } })
        const before = await load(life, fpm.sockets.www, { requests: 20, name: 'before' })
        const workers = workersOf(fpm)
        fpm.signal('SIGKILL')
        await until('the master to end', () => workersOf(fpm).length === 0, PATIENCE)
        const after = await load(life, fpm.sockets.www, { requests: 20, name: 'after' })
        for (const pid of workers) process.kill(pid, 'SIGQUIT')
        assert.equal(await fpm.end(), 'SIGKILL')
        await settle(life, before, after)
    },
}
