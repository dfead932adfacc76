// The page of metrics, read by the parser of Prometheus' own library for Python.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const TOKEN = 'sixteen-letters-or-more'
const script = fileURLToPath(new URL('metrics.py', import.meta.url))

async function scrape(server) {
    const answer = await fetch(`http://${server.host}:${server.port}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('Content-Type'), 'text/plain; version=0.0.4; charset=utf-8')
    return JSON.parse(execFileSync(process.env.PYTHON, ['-B', script], { input: await answer.text() }))
}

/** The value of the sample with these labels. */
function value({ samples }, labels = {}) {
    const wanted = JSON.stringify(labels)
    return samples.find(([, found]) => JSON.stringify(found) === wanted)?.[2]
}

export default {
    async 'each metric has its type, a help, and samples of its own'({ apps, serve }) {
        const server = await serve([apps.main], { metrics_token: TOKEN })
        const families = await scrape(server)
        for (const [name, { type, help, samples }] of Object.entries(families)) {
            assert.match(name, /^(canyon|process)_[a-z_]+$/)
            assert.match(type, /^(counter|gauge|histogram)$/, name)
            assert.ok(help.length > 10, name)
            assert.ok(samples.length > 0, name)
        }
        assert.equal(families.canyon_deliveries.type, 'counter')
        assert.ok(value(families.process_resident_memory_bytes) > 1_000_000)
        assert.ok(Math.abs(value(families.process_start_time_seconds) - Date.now() / 1000) < 600)
    },

    async 'what is published and delivered is counted, and how long it took'({ apps, serve, connect, name, api }) {
        const server = await serve([apps.main], { metrics_token: TOKEN })
        const client = await connect('main', { server })
        const channel = name('metrics-')
        await client.subscribe(channel)
        const before = await scrape(server)
        await api('main', { server }).trigger(channel, 'counted', {})
        await client.message('counted')
        let after
        const count = ({ canyon_publish_to_flush_seconds: { samples } }) => samples.find(([sample]) => sample.endsWith('_count'))[2]
        do after = await scrape(server)
        while (count(after) === count(before))
        assert.equal(value(after.canyon_events, { entrance: 'http' }) - value(before.canyon_events, { entrance: 'http' }), 1)
        assert.equal(value(after.canyon_deliveries) - value(before.canyon_deliveries), 1)
        assert.equal(value(after.canyon_connections, { app: apps.main.id }), 1)
        const buckets = after.canyon_publish_to_flush_seconds.samples.filter(([sample]) => sample.endsWith('_bucket'))
        assert.deepEqual(buckets.map(([, , held]) => held), buckets.map(([, , held]) => held).sort((a, b) => a - b))
        assert.deepEqual(buckets.at(-1), ['canyon_publish_to_flush_seconds_bucket', { le: '+Inf' }, count(after)])
    },
}
