// Draws what `make bench` printed: node tests/benches/chart.mjs < output > tests/benches/publish.svg
//
// Times spread over five orders of magnitude, so the bars are logarithmic: each line of the grid is ten times the one
// before. Under the chart stand the machine and the command, as they were.

import { readFileSync } from 'node:fs'

const WIDTH = 840
const LEFT = 268
const RIGHT = 84
const BAR = 22
const GAP = 8
const OURS = '#2f6f4f'
const THEIRS = '#9aa5ad'

const lines = readFileSync(0, 'utf8').split('\n').filter((line) => line.startsWith('{'))
const reports = lines.map((line) => JSON.parse(line))

const report = (scenario) => {
    const found = reports.find((one) => one.scenario === scenario)
    if (!found) {
        console.error(`chart: the input has no scenario "${scenario}"; run tests/bench ways broadcast`)
        process.exit(1)
    }
    return found
}

const row = (scenario, name) => {
    const found = report(scenario).rows.find((one) => one.name.trim() === name)
    if (!found) {
        console.error(`chart: the scenario "${scenario}" has no row "${name}"`)
        process.exit(1)
    }
    return found.p50
}

const groups = [
    {
        title: 'Handing over one event from PHP (median)',
        bars: [
            ['Canyon, publish()', row('ways', "Canyon's publish()"), OURS],
            ['Unix datagram', row('ways', 'Unix datagram'), THEIRS],
            ['Redis PUBLISH, phpredis', row('ways', 'Redis PUBLISH, phpredis'), THEIRS],
            ['signed HTTP request, kept alive', row('ways', 'signed HTTP, kept alive'), THEIRS],
        ],
    },
    {
        title: "Laravel's broadcast() of one event (median)",
        bars: [
            ['driver "null", which does nothing', row('broadcast', 'null driver'), THEIRS],
            ['driver "canyon", extension', row('broadcast', 'canyon driver, extension'), OURS],
            ['driver "log"', row('broadcast', 'log driver'), THEIRS],
            ['driver "canyon", HTTP', row('broadcast', 'canyon driver, HTTP to the same server'), OURS],
        ],
    },
]

const times = groups.flatMap((group) => group.bars.map(([, time]) => time))
const first = Math.floor(Math.log10(Math.min(...times)) - 0.3)
const last = Math.ceil(Math.log10(Math.max(...times)))
const x = (time) => LEFT + ((Math.log10(time) - first) / (last - first)) * (WIDTH - LEFT - RIGHT)

const shown = (time) => (time < 1e3 ? `${time.toFixed(0)} ns` : time < 1e6 ? `${(time / 1e3).toFixed(1)} µs` : `${(time / 1e6).toFixed(1)} ms`)
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
const text = (left, top, content, attributes = '') => `<text x="${left.toFixed(1)}" y="${top}" ${attributes}>${escaped(content)}</text>`

const body = []
let top = 16
for (const group of groups) {
    top += 22
    body.push(text(16, top, group.title, 'font-weight="600"'))
    top += 12
    for (const [name, time, color] of group.bars) {
        const middle = top + BAR / 2 + 5
        body.push(text(LEFT - 12, middle, name, 'text-anchor="end"'))
        body.push(`<rect x="${LEFT}" y="${top}" width="${(x(time) - LEFT).toFixed(1)}" height="${BAR}" rx="2" fill="${color}"/>`)
        body.push(text(x(time) + 8, middle, shown(time)))
        top += BAR + GAP
    }
}

const bottom = top + 4
const grid = []
for (let power = first; power <= last; power++) {
    const left = x(10 ** power).toFixed(1)
    grid.push(`<line x1="${left}" y1="24" x2="${left}" y2="${bottom}" stroke="#e3e7ea"/>`)
    grid.push(text(Number(left), bottom + 16, shown(10 ** power).replace('.0', ''), 'text-anchor="middle" fill="#6b757d" font-size="11"'))
}

const machine = report('machine')
const height = bottom + 66
const note = 'fill="#6b757d" font-size="11"'
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2529">
<rect width="100%" height="100%" rx="6" fill="#ffffff"/>
${[...grid, ...body].join('\n')}
${text(16, bottom + 40, `${machine.processors} x ${machine.processor}; kernel ${machine.kernel}; load ${machine.load} when it began. Logarithmic.`, note)}
${text(16, bottom + 56, 'tests/bench ways broadcast | tee output; node tests/benches/chart.mjs < output', note)}
</svg>
`)
