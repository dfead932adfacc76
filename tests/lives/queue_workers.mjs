// Laravel's queue workers: what they broadcast, however they end.

import assert from 'node:assert/strict'
import fs from 'node:fs'

/** Runs a command of a small application, which is in the life's folder with all that it writes. */
function artisan(life, ...args) {
    const home = life.path('php/laravel')
    for (const folder of ['bootstrap/cache', 'config', 'storage/logs', 'storage/framework/cache/data', 'storage/framework/views']) {
        fs.mkdirSync(`${home}/${folder}`, { recursive: true })
    }
    const database = `${home}/database.sqlite`
    fs.closeSync(fs.openSync(database, 'a'))
    return life.php('laravel/artisan', args, { env: {
        APP_ENV: 'testing', APP_DEBUG: '1', LOG_CHANNEL: 'stderr', CACHE_STORE: 'file',
        QUEUE_CONNECTION: 'database', QUEUE_FAILED_DRIVER: 'null', DB_CONNECTION: 'sqlite', DB_DATABASE: database,
        BROADCAST_CONNECTION: 'canyon', CANYON_QUEUE: life.queue, CANYON_TRANSPORT: 'extension',
        CANYON_APP_ID: life.app.id, CANYON_APP_KEY: life.app.key, CANYON_APP_SECRET: life.app.secret,
    } })
}

async function succeeds(program) {
    assert.equal(await program.end(), 0, program.output)
    return program
}

const work = (life, queue, ...options) => artisan(life, 'queue:work', `--queue=${queue}`, '--sleep=0', ...options)

const fill = (life, ...args) => succeeds(artisan(life, 'fill', ...args))

export default {
    needs: 80_300, // Laravel 13

    async 'workers that end after so many jobs broadcast every event once and in order'(life) {
        await life.serve()
        await fill(life, 'orders', '--count=20')
        for (const options of [['--once'], ['--once'], ['--max-jobs=5'], ['--max-jobs=5'], ['--stop-when-empty']]) {
            await succeeds(work(life, 'orders', ...options))
        }
        await life.settle({ orders: 20 })
        assert.equal(life.ledger.processes, 5)
    },

    async 'two workers at once, each with a queue of its own'(life) {
        await life.serve()
        await fill(life, 'left', 'right', '--count=25')
        await Promise.all(['left', 'right'].map((queue) => succeeds(work(life, queue, '--stop-when-empty'))))
        await life.settle({ left: 25, right: 25 })
    },

    async 'a worker that is told to end in the middle of a job broadcasts the rest of it'(life) {
        await life.serve()
        await fill(life, 'slow', '--slow=60')
        const worker = work(life, 'slow')
        await worker.says(/^broadcast$/m)
        await life.received({ slow: 5 })
        worker.signal('SIGTERM')
        life.write('php/laravel/go on', '')
        await succeeds(worker)
        await life.settle({ slow: 10 })
    },

    async 'a worker whose job takes too long kills itself, and what it broadcast stays'(life) {
        await life.serve()
        await fill(life, 'slow', '--slow=1', '--count=0')
        const worker = work(life, 'slow')
        await worker.says(/^broadcast$/m)
        assert.equal(await worker.end(), 'SIGKILL', worker.output)
        await fill(life, 'next', '--count=3')
        await succeeds(work(life, 'next', '--stop-when-empty'))
        await life.settle({ slow: 5, next: 3 })
    },

    async 'a worker that is killed in the middle of a job leaves nothing'(life) {
        await life.serve()
        await fill(life, 'slow', '--slow=60')
        const worker = work(life, 'slow')
        await worker.says(/^broadcast$/m)
        worker.signal('SIGKILL')
        assert.equal(await worker.end(), 'SIGKILL')
        await life.settle({ slow: 5 })
    },
}
