// However a PHP process ends, what it published is delivered, it does not hang, and nothing of it is left.

import assert from 'node:assert/strict'

const FAILED = 255

/** The ways of end.php: with which code it ends, and whether it publishes two more events at its end. */
const WAYS = {
    'the end of the script': { code: 0 },
    'exit() in a function': { code: 7 },
    'an uncaught exception': { code: FAILED },
    'a refused publish': { code: FAILED },
    'a fatal error': { code: FAILED },
    'the memory limit while it makes a payload': { code: FAILED },
    'the memory limit in a shutdown function': { code: FAILED },
    'the time limit': { code: FAILED },
    'a shutdown function that publishes': { code: 7, publishes: true },
    'a shutdown function that publishes after a fatal error': { code: FAILED, publishes: true },
    'a destructor that publishes': { code: 0, publishes: true },
    'a destructor in a cycle that publishes': { code: 0, publishes: true },
    'an output buffer that publishes': { code: 0, publishes: true },
    'a second queue path in a shutdown function': { code: 0, publishes: true },
    'a fiber that is suspended': { code: 0, publishes: true },
    'a generator that is not at its end': { code: 0, publishes: true },
    'a closed standard output': { code: 7 },
}

const end = (life, way, series = 'ends') => life.php('end.php', [way, series], { ini: { display_errors: 'stderr', log_errors: 0 } })

const tests = {}

for (const [way, { code, publishes = false }] of Object.entries(WAYS)) {
    tests[way] = async (life) => {
        await life.serve()
        const script = end(life, way)
        assert.equal(await script.end(), code, script.output)
        await life.settle({ ends: publishes ? 7 : 5 })
    }
}

for (const [signal, way, result, publishes] of [
    ['SIGTERM', 'a signal', 'SIGTERM', false],
    ['SIGHUP', 'a signal', 'SIGHUP', false],
    ['SIGKILL', 'a signal', 'SIGKILL', false],
    ['SIGTERM', 'a signal that has a handler', 7, true],
]) {
    tests[`${way}: ${signal}`] = async (life) => {
        await life.serve()
        const script = end(life, way)
        await script.says(/^ready$/m)
        script.signal(signal)
        assert.equal(await script.end(), result, script.output)
        await life.settle({ ends: publishes ? 7 : 5 })
    }
}

export default {
    ...tests,

    async 'SIGKILL and SIGTERM in the middle of publishing'(life) {
        await life.serve()
        const expected = {}
        for (const [index, signal] of ['SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGINT'].entries()) {
            const script = end(life, 'a signal in the middle of publishing', `ends ${index}`)
            await script.says(/^ready$/m)
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 40))
            script.signal(signal)
            assert.equal(await script.end(), signal)
            expected[`ends ${index}`] = { least: 25 }
        }
        await life.settle(expected)
    },

    async 'another program in its place leaves no ring, and no descriptor to that program'(life) {
        await life.serve()
        const script = end(life, 'another program in its place')
        await script.says(/^ready$/m)
        // The shell lives, and the ring goes all the same.
        await life.received({ ends: 5 })
        await life.atRest()
        assert.ok(!script.hasEnded)
        script.tell('go')
        assert.equal(await script.end(), 7, script.output)
        await life.settle({ ends: 5 })
    },

    async 'what ended while the server was frozen is delivered when it goes on'(life) {
        const server = await life.serve()
        server.signal('SIGSTOP')
        const expected = {}
        for (const [way, code] of [['exit() in a function', 7], ['a fatal error', FAILED], ['the memory limit while it makes a payload', FAILED]]) {
            const script = end(life, way, way)
            assert.equal(await script.end(), code, script.output)
            expected[way] = 5
        }
        const killed = end(life, 'a signal', 'killed')
        await killed.says(/^ready$/m)
        killed.signal('SIGKILL')
        await killed.end()
        // One after the other they found the ring of the one before and went on in it.
        assert.equal(life.leftBehind.length, 1)
        server.signal('SIGCONT')
        await life.settle({ ...expected, killed: 5 })
    },

    async 'the extension loaded and never used leaves no trace'(life) {
        await life.serve()
        const script = life.php('unused.php')
        assert.equal(await script.end(), 0, script.output)
        assert.equal(script.output.trim(), '1 thread, 0 files, 0 mappings of the queue')
        await life.settle({})
    },
}
