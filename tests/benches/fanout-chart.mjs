// Draws what several servers do with the same events, from the outputs of tests/bench for each of them:
//
//   tests/bench fanout http whispers > canyon.out
//   tests/bench --url ws://127.0.0.1:6001 --app ID --key KEY --secret SECRET --pid PID fanout http whispers > other.out
//   node tests/benches/fanout-chart.mjs Canyon=canyon.out Other=other.out > tests/benches/fanout.svg
//
// The first one is ours. What an output does not have, the chart leaves out. Bars are linear: twice as long is twice as much.

import { readFileSync } from 'node:fs'

const WIDTH = 840
const LEFT = 268
const RIGHT = 104
const BAR = 14
const GAP = 3
const COLORS = ['#2f6f4f', '#9aa5ad', '#b9a27c', '#8fa3c4', '#c49a9a']
const FLOOR = '#d7dde1'

// A row of a scenario, and which of its repetitions in the output: one for each floor.
const GROUPS = [
    {
        title: 'Deliveries per second to 1,000 clients, as many as the server can do',
        shown: (value) => (value >= 1e6 ? `${(value / 1e6).toFixed(2)} million` : `${Math.round(value / 1e3)} thousand`),
        rows: [
            ['the queue; others over HTTP', 'fanout', 'saturated, deliveries'],
            ['HTTP, 10 events a request', 'http', '10 events a request, deliveries'],
            ['HTTP, 1 event a request', 'http', '1 event a request, deliveries'],
            ['client events of one client', 'whispers', 'saturated, deliveries'],
        ],
    },
    {
        title: "Server's processor time for each delivery, in microseconds",
        shown: (value) => `${value.toFixed(2)} µs`,
        rows: [
            ['20 events a second', 'fanout', '20 events/s, processor', 'a bare send() to each'],
            ['as many as it can do, likewise', 'fanout', 'saturated, processor'],
            ['HTTP, 10 events a request', 'http', '10 events a request, processor'],
            ['HTTP, 1 event a request', 'http', '1 event a request, processor'],
            ['client events of one client', 'whispers', 'saturated, processor'],
        ],
    },
]

const fail = (why) => {
    console.error(`fanout-chart: ${why}`)
    process.exit(1)
}

const outputs = process.argv.slice(2).map((argument) => {
    const [name, ...file] = argument.split('=')
    if (!name || file.length === 0) fail(`"${argument}" is not NAME=FILE`)
    const lines = readFileSync(file.join('='), 'utf8').split('\n').filter((line) => line.startsWith('{'))
    return { name, reports: lines.map((line) => JSON.parse(line)) }
})
if (outputs.length === 0) fail('name at least one output: node tests/benches/fanout-chart.mjs Canyon=canyon.out')

const find = (output, scenario, row) =>
    output.reports.find((one) => one.scenario === scenario)?.rows.find((one) => one.name === row)

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
const text = (left, top, content, attributes = '') => `<text x="${left.toFixed(1)}" y="${top}" ${attributes}>${escaped(content)}</text>`

const body = []
let top = 10
for (const { title, shown, rows } of GROUPS) {
    const drawn = rows.map(([label, scenario, name, floor]) => {
        const bars = outputs.flatMap((output, index) => {
            const row = find(output, scenario, name)
            return row ? [[output.name, row.value, COLORS[index % COLORS.length]]] : []
        })
        const beside = floor && find(outputs[0], scenario, name)?.beside
        return { label, bars: beside ? [...bars, [floor, beside.value, FLOOR]] : bars }
    }).filter(({ bars }) => bars.length > 0)
    if (drawn.length === 0) continue
    const most = Math.max(...drawn.flatMap(({ bars }) => bars.map(([, value]) => value)))
    top += 26
    body.push(text(16, top, title, 'font-weight="600"'))
    top += 10
    for (const { label, bars } of drawn) {
        body.push(text(16, top + BAR - 2, label))
        for (const [name, value, color] of bars) {
            const length = Math.max(1, (value / most) * (WIDTH - LEFT - RIGHT))
            body.push(text(LEFT - 10, top + BAR - 3, name, 'text-anchor="end" fill="#6b757d" font-size="10"'))
            body.push(`<rect x="${LEFT}" y="${top}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${color}"/>`)
            body.push(text(LEFT + length + 6, top + BAR - 3, shown(value), 'font-size="11"'))
            top += BAR + GAP
        }
        top += 8
    }
}
if (body.length === 0) fail('the outputs have none of the scenarios fanout, http, whispers')

const machine = outputs[0].reports.find((one) => one.scenario === 'machine')
const height = top + 44
const note = 'fill="#6b757d" font-size="11"'
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#1f2529">
<rect width="100%" height="100%" rx="6" fill="#ffffff"/>
${body.join('\n')}
${text(16, top + 16, `256 bytes of data. ${machine.processors} x ${machine.processor}, shared by server and clients; kernel ${machine.kernel}.`, note)}
${text(16, top + 32, 'tests/bench [--url ws://... --app --key --secret --pid] fanout http whispers; node tests/benches/fanout-chart.mjs', note)}
</svg>
`)
