// A chart over the last minutes, drawn by uPlot.

import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'

import { time } from '../format.js'
import { useStore } from '../store.js'
import { theme } from '../theme.js'

const HEIGHT = 148
const GAP_MS = 3500

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

/** Columns as uPlot wants them. A pause in the samples becomes a gap in the lines. */
function columns(samples, series) {
    const rows = []
    samples.forEach((sample, index) => {
        const before = samples[index - 1]
        if (before && sample.time_ms - before.time_ms > GAP_MS) rows.push([before.time_ms / 1000 + 1, ...series.map(() => null)])
        rows.push([sample.time_ms / 1000, ...series.map(({ value }) => value(sample) ?? null)])
    })
    return [0, ...series].map((_, column) => rows.map((row) => row[column]))
}

const clockOf = (seconds, withSeconds) => (withSeconds ? time(seconds * 1000) : time(seconds * 1000).slice(0, 5))

function axis(format, size) {
    return {
        stroke: color('muted'), font: `11px ${getComputedStyle(document.body).fontFamily}`,
        grid: { stroke: color('grid'), width: 1 }, ticks: { show: false }, gap: 6, size,
        values: (_, values) => values.map(format),
    }
}

function options({ series, format, ceiling, seconds, width, onCursor }) {
    const short = seconds <= 60
    return {
        width, height: HEIGHT, padding: [8, 6, 0, 0],
        legend: { show: false },
        cursor: { sync: { key: 'canyon' }, y: false, points: { size: 6 }, drag: { x: false, y: false } },
        scales: {
            x: { time: true, range: (_, low, high) => [high - seconds, high] },
            y: { range: (_, low, high) => [0, Math.max(ceiling, (high ?? 0) * 1.12)] },
        },
        axes: [
            { ...axis(undefined, 22), values: (_, values) => values.map((value) => clockOf(value, short)), grid: { show: false }, space: short ? 72 : 56 },
            { ...axis(format, 46), space: 28 },
        ],
        series: [{}, ...series.map((one) => ({
            stroke: color(one.color), width: 1.5, points: { show: false },
            fill: one.fill ? `${color(one.color)}1c` : undefined,
            paths: one.bars ? uPlot.paths.bars({ size: [1, 3], align: 1 }) : undefined,
        }))],
        hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx ?? null)] },
    }
}

/**
 * `series`: [{ label, color, value: (sample) => number|null, fill, bars }]. `ceiling` is the least that the axis reaches to,
 * so that nothing does not look like much.
 */
export function Chart({ title, samples, series, format, ceiling = 10, seconds = 600, note }) {
    const place = useRef()
    const plot = useRef(null)
    const [at, setAt] = useState(null)
    const look = useStore(theme)

    useEffect(() => {
        const element = place.current
        const drawn = new uPlot(options({ series, format, ceiling, seconds, width: element.clientWidth, onCursor: setAt }), columns(samples, series), element)
        const observer = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: HEIGHT }))
        observer.observe(element)
        plot.current = drawn
        return () => {
            observer.disconnect()
            drawn.destroy()
        }
    }, [look, seconds, series.length])

    useEffect(() => {
        if (!document.hidden) plot.current?.setData(columns(samples, series))
    }, [samples, seconds])

    const shown = at !== null && plot.current ? plot.current.data.map((column) => column[at]) : null
    const last = samples.at(-1)

    return (
        <figure class="card chart">
            <figcaption>
                <h2>{title}</h2>
                <span class="at">{shown?.[0] ? time(shown[0] * 1000) : note}</span>
            </figcaption>
            <ul class="legend">
                {series.map((one, index) => (
                    <li key={one.label}><i data-color={one.color} aria-hidden="true" />{one.label} <b>{format(shown ? shown[index + 1] : last && one.value(last))}</b></li>
                ))}
            </ul>
            <div class="plot" ref={place} role="img" aria-label={summary(title, samples, series, format)} />
        </figure>
    )
}

/** The chart in words. */
function summary(title, samples, series, format) {
    const last = samples.at(-1)
    if (!last) return `${title}: nothing yet`
    const parts = series.map((one) => {
        const most = samples.reduce((high, sample) => Math.max(high, one.value(sample) ?? 0), 0)
        return `${one.label} ${format(one.value(last))} now, at most ${format(most)}`
    })
    return `${title}, the last ${Math.round((last.time_ms - samples[0].time_ms) / 60_000)} minutes: ${parts.join('; ')}`
}
