// opcache.preload that publishes: the process that forks all workers has a ring of its own before the first of them begins.

import assert from 'node:assert/strict'

import { Skip } from '../support/runner.mjs'
import { until } from '../support/until.mjs'
import { get, startCliServer } from './cli_server.mjs'
import { load, published, startFpm, workersOf } from './fpm.mjs'
import { PATIENCE } from './programs.mjs'

const SERIES = /^preloaded by (\d+)$/

const preloaded = ({ ledger }) => ledger.series.filter((series) => SERIES.test(series))

/** Whether the master preloads itself: under root, PHP 8.2 has a process of its own do it, whatever the user. */
const isDoneByMaster = ({ tools }) => process.getuid() !== 0 || tools.version >= 80_400

/** Waits until something was preloaded `times` times, and returns the last series. */
async function preloading(life, master, times = 1) {
    await until('what was preloaded to come', () => preloaded(life).filter((series) => life.ledger.count(series) === 3).length === times, PATIENCE)
    const series = preloaded(life).pop()
    if (isDoneByMaster(life)) assert.equal(series, `preloaded by ${master.pid}`)
    else assert.notEqual(series, `preloaded by ${master.pid}`)
    return series
}

function settings(life, user) {
    return {
        'opcache.enable': 1,
        'opcache.enable_cli': 1,
        'opcache.preload': life.script('preload.php'),
        ...(process.getuid() === 0 ? { 'opcache.preload_user': user } : {}),
    }
}

export default {
    async 'the master of php-fpm keeps its ring, and its workers get their own'(life) {
        await life.serve()
        const fpm = await startFpm(life, {
            pools: { www: { pm: 'static', 'pm.max_children': 3, 'pm.max_requests': 10 } },
            php: settings(life, 'root'),
        })
        const series = await preloading(life, fpm)
        assert.equal(workersOf(fpm).length, 3)
        // A master lives on: its ring is there, and it is the only one.
        await until('one ring, or none', () => life.leftBehind.length === (isDoneByMaster(life) ? 1 : 0), PATIENCE)
        const done = await load(life, fpm.sockets.www, { requests: 100 })
        assert.deepEqual(done.unanswered, [])
        assert.ok(!done.answers.some(({ pid }) => pid === fpm.pid))
        fpm.signal('SIGQUIT')
        assert.equal(await fpm.end(), 0, fpm.log())
        await life.settle({ ...published(done), [series]: 3 })
    },

    async 'workers of another user than the master that published'(life) {
        if (process.getuid() !== 0) throw new Skip('only root can become other users')
        await life.serve({ settings: ['queue_group = "65534"'] })
        const fpm = await startFpm(life, {
            pools: { www: { pm: 'static', 'pm.max_children': 3, 'pm.max_requests': 10, user: 65534, group: 65534 } },
            php: { ...settings(life, 'root'), 'canyon.queue_group': 65534 },
        })
        const series = await preloading(life, fpm)
        const done = await load(life, fpm.sockets.www, { requests: 60 })
        assert.deepEqual(done.unanswered, [])
        fpm.signal('SIGQUIT')
        assert.equal(await fpm.end(), 0, fpm.log())
        await life.settle({ ...published(done), [series]: 3 })
    },

    async 'a reload preloads and publishes again'(life) {
        await life.serve()
        const fpm = await startFpm(life, {
            pools: { www: { pm: 'dynamic', 'pm.max_children': 4, 'pm.start_servers': 2, 'pm.min_spare_servers': 1, 'pm.max_spare_servers': 2 } },
            php: settings(life, 'root'),
        })
        const first = await preloading(life, fpm)
        const before = await load(life, fpm.sockets.www, { requests: 30, name: 'before' })
        fpm.signal('SIGUSR2')
        await fpm.logs(/ready to handle connections/, 2)
        if (isDoneByMaster(life)) {
            // The master keeps its process id, so its second life begins the series anew: a fault in any other test.
            await until('what the master published again to come', () => life.ledger.faults.length >= 3, PATIENCE)
            const again = [0, 1, 2].map((number) => `event ${first}/${number} came instead of number 3`)
            assert.deepEqual(life.ledger.faults.splice(0), again)
        } else {
            await preloading(life, fpm, 2)
        }
        const after = await load(life, fpm.sockets.www, { requests: 30, name: 'after' })
        fpm.signal('SIGQUIT')
        assert.equal(await fpm.end(), 0, fpm.log())
        await life.settle({ ...published(before), ...published(after), ...Object.fromEntries(preloaded(life).map((series) => [series, 3])) })
    },

    async 'as another user it runs in a process of its own, which leaves nothing'(life) {
        if (process.getuid() !== 0) throw new Skip('only root has, and needs, opcache.preload_user')
        await life.serve({ settings: ['queue_group = "65534"'] })
        const fpm = await startFpm(life, {
            pools: { www: { pm: 'static', 'pm.max_children': 2, user: 65534, group: 65534 } },
            php: { ...settings(life, 'nobody'), 'canyon.queue_group': 65534 },
        })
        await until('what was preloaded to come', () => preloaded(life).length === 1 && life.ledger.count(preloaded(life)[0]) === 3, PATIENCE)
        await life.atRest()
        const [series] = preloaded(life)
        assert.notEqual(series, `preloaded by ${fpm.pid}`)
        const done = await load(life, fpm.sockets.www, { lanes: 2, requests: 30 })
        assert.deepEqual(done.unanswered, [])
        fpm.signal('SIGQUIT')
        assert.equal(await fpm.end(), 0, fpm.log())
        await life.settle({ ...published(done), [series]: 3 })
    },

    async 'the server of the command line and its workers share no ring'(life) {
        await life.serve()
        const server = await startCliServer(life, { workers: 3, ini: settings(life, 'root') })
        const series = await preloading(life, server)
        const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => get(life, server, { series: `r${index}`, count: 5 })))
        server.signalGroup('SIGINT')
        assert.equal(await server.end(), 0, server.output)
        await life.settle({ [series]: 3, ...Object.fromEntries(answers.map((answer, index) => [`r${index}`, 5])) })
    },
}
