// PHP and the server in different namespaces, as in two containers that share a volume.

import assert from 'node:assert/strict'
import fs from 'node:fs'

import { Skip } from '../support/runner.mjs'
import { until } from '../support/until.mjs'
import { load, published, startFpm } from './fpm.mjs'
import { canHidePids, canMount, inPidNamespace, mounted } from './namespaces.mjs'
import { PATIENCE } from './programs.mjs'

function ensurePidsCanBeHidden() {
    if (!canHidePids()) throw new Skip('no PID namespace can be made here')
}

function ensureMountsCanBeHidden() {
    if (!canMount()) throw new Skip('no mount namespace can be made here')
}

/** Lets talk.php publish so many events, and waits until they came. */
async function publish(life, talker, series, from, count) {
    talker.tell(`${series} ${count} ${from}`)
    await life.received({ [series]: from + count })
}

/** The process id, seen from here, of what runs as process 1 behind the `unshare` of a program. */
function processOne({ pid }) {
    return Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
}

/** Long enough that the server sleeps and has to be woken. */
const silence = () => new Promise((resolve) => setTimeout(resolve, 1300))

export default {
    async 'processes 1 of two PID namespaces publish, also after silence, and one is killed'(life) {
        ensurePidsCanBeHidden()
        await life.serve()
        const talkers = ['a', 'b'].map((place) => life.php('talk.php', [], { prefix: inPidNamespace, env: { PLACE: place } }))
        for (const talker of talkers) assert.equal((await talker.says(/^I am (\d+)$/m))[1], '1')
        for (let from = 0; from < 15; from += 5) {
            await publish(life, talkers[0], 'a', from, 5)
            await publish(life, talkers[1], 'b', from, 5)
            await silence()
        }
        assert.equal(life.leftBehind.length, 2, 'each has a ring')
        // Killed from outside; that b has the same process id does not save a's ring, and does not cost b its own.
        talkers[0].signalGroup('SIGKILL')
        await until('the ring of the killed to go', () => life.leftBehind.length === 1, PATIENCE)
        await publish(life, talkers[1], 'b', 15, 5)
        talkers[1].hangUp()
        assert.equal(await talkers[1].end(), 0, talkers[1].output)
        await talkers[0].end()
        await life.settle({ a: 15, b: 20 })
    },

    async 'a PID namespace that ends takes a tree of publishers with it'(life) {
        ensurePidsCanBeHidden()
        await life.serve()
        const forks = life.php('fork.php', ['a parent that ends first'], { prefix: inPidNamespace, ini: { log_errors: 0 } })
        // The kernel kills what is left in the namespace when its process 1 ends.
        await forks.says(/^done/m)
        await forks.end()
        await life.settle({ parent: 10, child: { least: 0 } })
    },

    async 'the queue directory has another path in each of two mount namespaces'(life) {
        ensureMountsCanBeHidden()
        for (const name of ['volume', 'server', 'publisher']) fs.mkdirSync(life.path(name), { mode: 0o700 })
        life.queue = life.path('volume')
        await life.serve({ queue: life.path('server'), prefix: mounted({ [life.path('server')]: life.queue }) })
        assert.deepEqual(fs.readdirSync(life.path('server')), [], 'outside of its namespace it is another directory')
        const prefix = mounted({ [life.path('publisher')]: life.queue })
        const talkers = ['a', 'b'].map((name) => [name, life.php('talk.php', [], { prefix, env: { QUEUE: life.path('publisher') } })])
        for (let from = 0; from < 20; from += 5) {
            for (const [name, talker] of talkers) await publish(life, talker, name, from, 5)
            if (from % 10 === 0) await silence()
        }
        assert.deepEqual(fs.readdirSync(life.path('publisher')), [])
        for (const [name, talker] of talkers) {
            if (name === 'a') talker.signalGroup('SIGKILL')
            else talker.hangUp()
            await talker.end()
        }
        await life.settle({ a: 20, b: 20 })
    },

    async 'two containers: namespaces of PIDs, mounts, users of the same number, and a restarted server'(life) {
        ensurePidsCanBeHidden()
        ensureMountsCanBeHidden()
        for (const name of ['volume', 'mounted']) fs.mkdirSync(life.path(name), { mode: 0o700 })
        life.queue = life.path('volume')
        const container = [...inPidNamespace, ...mounted({ [life.path('mounted')]: life.queue })]
        const first = await life.serve({ queue: life.path('mounted'), prefix: container })
        const talker = life.php('talk.php', [], { prefix: container, env: { QUEUE: life.path('mounted') } })
        await publish(life, talker, 'before', 0, 20)
        first.signalGroup('SIGKILL')
        await first.end()
        await life.serve({ queue: life.path('mounted'), prefix: container })
        await publish(life, talker, 'after', 0, 20)
        talker.hangUp()
        assert.equal(await talker.end(), 0, talker.output)
        await life.settle({ after: 20 })
    },

    async 'PHP-FPM and the server are process 1 of a container each, share the queue alone, and the server is reloaded'(life) {
        ensurePidsCanBeHidden()
        ensureMountsCanBeHidden()
        for (const name of ['volume', 'mounted']) fs.mkdirSync(life.path(name), { mode: 0o700 })
        life.queue = life.path('volume')
        const queue = life.path('mounted')
        const container = [...inPidNamespace, ...mounted({ [queue]: life.queue })]
        const server = await life.serve({ queue, prefix: container, parent: true })
        const fpm = await startFpm(life, { pools: { www: { pm: 'static', 'pm.max_children': 3, 'pm.max_requests': 30 } }, prefix: container })
        const loading = load(life, fpm.sockets.www, { requests: 300, queue })
        for (let reloads = 1; reloads <= 3; reloads++) {
            process.kill(processOne(server), 'SIGUSR2')
            await until('the reload', () => (server.output.match(/ reloaded: 1 clients handed over/g) ?? []).length === reloads, PATIENCE)
        }
        const done = await loading
        assert.deepEqual(done.unanswered, [])
        process.kill(processOne(fpm), 'SIGQUIT')
        await fpm.end()
        await life.settle(published(done))
    },

    async 'a publisher in other namespaces rings the bell that wakes the server'(life) {
        ensurePidsCanBeHidden()
        ensureMountsCanBeHidden()
        fs.mkdirSync(life.path('mounted'), { mode: 0o700 })
        await life.serve()
        const talker = life.php('talk.php', [], {
            prefix: [...inPidNamespace, ...mounted({ [life.path('mounted')]: life.queue })],
            env: { QUEUE: life.path('mounted') },
        })
        await publish(life, talker, 'lone', 0, 1)
        // A sleeper of our own beside the server's. The server may just have been awake: then nobody rings.
        const sleeper = life.php('sleeper.php', [], { ini: { 'ffi.enable': 1 } })
        await sleeper.says(/^sleeping$/m)
        for (let from = 1; from < 20 && !sleeper.output.includes('woken'); from++) {
            await silence()
            await publish(life, talker, 'lone', from, 1)
        }
        assert.equal(await sleeper.end(), 0, sleeper.output)
        assert.match(sleeper.output, /^woken$/m)
        talker.hangUp()
        await talker.end()
        await life.settle({ lone: { least: 2 } })
    },
}
