import { useState } from 'preact/hooks'

import { busy, link } from '../live.js'
import { Chart } from '../parts/chart.jsx'
import { Card, ChannelLink, Choice, Code, Empty, Link, Time } from '../parts/pieces.jsx'
import { eventsIn, figures, lost, recent, sum } from '../figures.js'
import { bytes, count, duration, many, percent } from '../format.js'
import { refusals } from '../refusals.js'
import { webSocketUrl } from '../settings.js'
import { useStore } from '../store.js'

const RANGES = [[60, '1 min'], [300, '5 min'], [600, '10 min']]
const BUSY = 8
const SHOWN_REFUSALS = 5

const field = (name) => (sample) => sample[name]

const CHARTS = [
    {
        title: 'Connections', format: count, series: [
            { label: 'connections', color: 'teal', value: field('connections'), fill: true },
            { label: 'subscriptions', color: 'gold', value: field('subscriptions') },
        ],
    },
    {
        title: 'Events in', note: 'per second', format: count, series: [
            { label: 'queue', color: 'rust', value: field('events_from_queue'), fill: true },
            { label: 'HTTP', color: 'gold', value: field('events_from_http') },
            { label: 'clients', color: 'teal', value: field('events_from_clients') },
        ],
    },
    { title: 'Deliveries', note: 'per second', format: count, series: [{ label: 'deliveries', color: 'teal', value: field('deliveries'), fill: true }] },
    { title: 'Delivered', note: 'per second', format: bytes, ceiling: 1000, series: [{ label: 'bytes', color: 'slate', value: field('delivered_bytes'), fill: true }] },
    { title: 'Queue depth', format: count, series: [{ label: 'waiting events', color: 'rust', value: field('queue_events'), fill: true }] },
    { title: 'Queue age', note: 'the oldest event that waits', format: duration, ceiling: 10, series: [{ label: 'age', color: 'gold', value: field('queue_age_ms'), fill: true }] },
    {
        title: 'Drops and refusals', note: 'per second', format: count, ceiling: 5, series: [
            { label: 'dropped', color: 'red', value: field('dropped'), bars: true },
            { label: 'refused', color: 'gold', value: field('refused'), bars: true },
            { label: 'slow clients closed', color: 'slate', value: field('slow_clients_closed'), bars: true },
        ],
    },
]

const WORKER_COLORS = ['teal', 'rust', 'gold', 'slate']

function workerChart(workers) {
    const each = (index) => ({ label: `worker ${index + 1}`, color: WORKER_COLORS[index], value: (sample) => sample.worker_load?.[index] })
    const most = { label: 'busiest', color: 'rust', value: (sample) => (sample.worker_load?.length ? Math.max(...sample.worker_load) : null) }
    const mean = { label: 'average', color: 'teal', value: (sample) => (sample.worker_load?.length ? sum({ ...sample.worker_load }, ...Object.keys(sample.worker_load)) / sample.worker_load.length : null), fill: true }
    // More lines than colours would tell nothing.
    const series = workers > WORKER_COLORS.length ? [mean, most] : Array.from({ length: Math.max(1, workers) }, (_, index) => each(index))
    return { title: 'Worker load', note: 'share of a processor', format: percent, ceiling: 0.1, series }
}

function Tile({ label, value, children, alarm = false }) {
    return (
        <div class="tile" data-alarm={alarm}>
            <dt>{label}</dt>
            <dd><b>{value}</b><span>{children}</span></dd>
        </div>
    )
}

function Tiles({ samples }) {
    const now = samples.at(-1) ?? {}
    const most = (value) => samples.reduce((high, sample) => Math.max(high, value(sample) ?? 0), 0)
    const total = (value) => samples.reduce((all, sample) => all + (value(sample) ?? 0), 0)
    const gone = total(lost)
    return (
        <dl class="tiles card" aria-label="Now">
            <Tile label="Connections" value={count(now.connections)}>{many(now.users, 'user')} signed in</Tile>
            <Tile label="Channels" value={count(now.channels)}>{many(now.subscriptions, 'subscription')}</Tile>
            <Tile label="Events in" value={<>{count(eventsIn(now))}<small>/s</small></>}>at most {count(most(eventsIn))}/s</Tile>
            <Tile label="Deliveries" value={<>{count(now.deliveries)}<small>/s</small></>}>{bytes(now.delivered_bytes)}/s</Tile>
            <Tile label="In the queue" value={count(now.queue_events)}>{now.queue_events > 0 ? `the oldest for ${duration(now.queue_age_ms)}` : 'nothing waits'}</Tile>
            <Tile label="Dropped" value={count(gone)} alarm={gone > 0}>{many(total(field('refused')), 'refusal')}</Tile>
        </dl>
    )
}

function Busiest() {
    const channels = [...useStore(busy).values()].slice(0, BUSY)
    return (
        <Card title="Busiest channels" aside={<Link to="channels">All channels</Link>}>
            {channels.length === 0 ? <Empty title="No channel was busy in the last second.">What is broadcast now appears here.</Empty> : (
                <table>
                    <thead><tr><th>Channel</th><th class="number wide">Subscriptions</th><th class="number">Events/s</th><th class="number">Deliveries/s</th></tr></thead>
                    <tbody>{channels.map((channel) => (
                        <tr key={channel.name}>
                            <td><ChannelLink name={channel.name} /></td>
                            <td class="number wide">{count(channel.subscriptions)}</td>
                            <td class="number">{count(channel.events)}</td>
                            <td class="number">{count(channel.deliveries)}</td>
                        </tr>
                    ))}</tbody>
                </table>
            )}
        </Card>
    )
}

function LatestRefusals() {
    const list = useStore(refusals).slice(0, SHOWN_REFUSALS)
    return (
        <Card title="Latest refusals" aside={<Link to="refusals">All refusals</Link>}>
            {list.length === 0 ? <Empty title="Nothing was refused." /> : (
                <ul class="rows">{list.map((refusal) => (
                    <li key={refusal.id}><Time ms={refusal.time_ms} /> <span>{refusal.why}{refusal.count > 1 && <b> ×{count(refusal.count)}</b>}</span></li>
                ))}</ul>
            )}
        </Card>
    )
}

/** What a new user is to do next. */
function FirstSteps({ samples }) {
    const now = samples.at(-1)
    const { state } = useStore(link)
    // The dashboard itself is a connection.
    if (state !== 'live' || !now || samples.some((sample) => sample.connections > 1 || eventsIn(sample) > 0)) return null
    return (
        <div class="notice calm" data-notice="first-steps">
            <p class="notice-title">The server runs, and nobody is connected but you.</p>
            <p>Open a page of your application whose Echo connects to <code>{webSocketUrl()}</code>, then broadcast something:</p>
            <Code>{'php artisan tinker\n> broadcast(new App\\Events\\OrderShipped($order));'}</Code>
            <p>If nothing appears here, ask the doctor: <code>php artisan canyon:doctor</code>. Or try the <Link to="send">sender</Link> and the <Link to="debugger">debugger</Link> of this page.</p>
        </div>
    )
}

/** The shortest time that shows all there is: a server that has just begun does not fill ten minutes. */
function fitting(samples) {
    const known = samples.length === 0 ? 0 : (samples.at(-1).time_ms - samples[0].time_ms) / 1000
    return (RANGES.find(([seconds]) => seconds > known) ?? RANGES.at(-1))[0]
}

export function Overview() {
    const { samples, workers, loaded } = useStore(figures)
    const [chosen, setSeconds] = useState(null)
    if (!loaded) return <p class="muted loading">Asking the server …</p>

    const seconds = chosen ?? fitting(samples)
    const shown = recent(samples, seconds)
    return (
        <>
            <FirstSteps samples={samples} />
            <div class="bar"><span class="muted grow">{many(workers, 'worker')} at <span class="address">{webSocketUrl()}</span></span><Choice label="Time shown" options={RANGES} value={seconds} onChange={setSeconds} /></div>
            <Tiles samples={shown} />
            <div class="charts">
                {[...CHARTS, workerChart(workers)].map((chart) => <Chart key={chart.title} {...chart} samples={shown} seconds={seconds} />)}
            </div>
            <div class="pair"><Busiest /><LatestRefusals /></div>
        </>
    )
}
