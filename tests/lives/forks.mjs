// pcntl_fork: every process has a ring of its own, wherever in its life its parent was.

import assert from 'node:assert/strict'

import { until } from '../support/until.mjs'
import { PATIENCE } from './programs.mjs'

const fork = (life, way) => life.php('fork.php', [way], { ini: { display_errors: 0, log_errors: 0 } })

async function isDone(script, outcomes) {
    assert.equal(await script.end(), 0, script.output)
    assert.equal(/^done: (.*)$/m.exec(script.output)?.[1], outcomes, script.output)
}

const FOUR = { 'child 0': 50, 'child 1': 50, 'child 2': 50, 'child 3': 50 }
const FOUR_ENDED = Array(4).fill('code 0').join(', ')

export default {
    async 'before the first publish'(life) {
        await life.serve()
        await isDone(fork(life, 'before the first publish'), FOUR_ENDED)
        await life.settle({ parent: 50, ...FOUR })
        assert.equal(life.ledger.processes, 5)
    },

    async 'after the first publish'(life) {
        await life.serve()
        await isDone(fork(life, 'after the first publish'), FOUR_ENDED)
        await life.settle({ parent: 50, ...FOUR })
        assert.equal(life.ledger.processes, 5)
    },

    async 'grandchildren, and further down past one that publishes nothing'(life) {
        await life.serve()
        await isDone(fork(life, 'grandchildren'), 'code 0')
        await life.settle({ 'parent': 50, 'child': 100, 'grandchild': 50, 'great-great-grandchild': 50 })
    },

    async 'children that end in every way take nothing with them'(life) {
        await life.serve()
        const script = fork(life, 'children that end in every way')
        await isDone(script, 'code 3, signal 9, code 255, code 4, signal 9, code 255, code 5')
        await life.settle({ 'parent': 50, 'exits': 50, 'is killed': 50, 'fails': 50, 'becomes another program': 50 })
    },

    async 'a parent that ends first leaves its child its ring'(life) {
        await life.serve()
        const script = fork(life, 'a parent that ends first')
        await script.says(/^child$/m)
        await until('the parent to end', () => /^done/m.test(script.output), PATIENCE)
        await life.received({ parent: 10, child: 10 })
        await until('its ring to go, and the child\'s to stay', () => life.leftBehind.length === 1, PATIENCE).catch(() => {
            assert.fail(`in the queue directory, instead of the child's ring: ${life.leftBehind.join(' ') || 'nothing'}`)
        })
        life.write('php/go', '')
        await isDone(script, '')
        await life.settle({ parent: 10, child: 50 })
    },

    async 'a parent that is killed loses its ring, though its child lives'(life) {
        await life.serve()
        const script = fork(life, 'a parent that is killed')
        await script.says(/^child$/m)
        assert.equal(life.leftBehind.length, 1)
        // One of the two reads it; it does not matter which one is the first.
        process.kill(script.pid, 'SIGKILL')
        await life.received({ parent: 10 })
        await life.atRest()
        assert.ok(script.groupLives, 'the child is gone too')
        life.write('php/go', '')
        assert.equal(await script.end(), 'SIGKILL')
        await life.settle({ parent: 10, child: 50 })
    },

    async 'children that take turns with their parent are delivered in turn'(life) {
        await life.serve()
        await isDone(fork(life, 'one after the other'), '')
        await life.settle({ parent: 40, children: 40 })
        assert.equal(life.ledger.processes, 41)
    },

    async 'a tree of fifteen processes publishes at once'(life) {
        await life.serve()
        await isDone(fork(life, 'a tree that publishes all at once'), '')
        const names = (name, depth) => (depth === 0 ? [name] : [name, ...names(`${name}.0`, depth - 1), ...names(`${name}.1`, depth - 1)])
        await life.settle(Object.fromEntries(names('tree', 3).map((name) => [name, 50])))
        assert.equal(life.ledger.processes, 15)
    },
}
