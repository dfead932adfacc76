// Numbers with their units, and times.

const NONE = '–'
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

// From where a unit is used, what it stands for, and its name. What rounds to a thousand of one is one of the next.
function scaled(value, steps) {
    for (const [from, size, unit] of steps) {
        if (value >= from) {
            const part = value / size
            return `${part >= 100 ? Math.round(part) : part.toFixed(1).replace(/\.0$/, '')}${unit}`
        }
    }
    return null
}

const isMissing = (value) => value === null || value === undefined || Number.isNaN(value)

export function count(value) {
    if (isMissing(value)) return NONE
    return scaled(value, [[999_500_000, 1e9, 'G'], [999_500, 1e6, 'M'], [10_000, 1e3, 'k']]) ?? (value > 0 && value < 10 && !Number.isInteger(value) ? value.toFixed(1) : whole.format(value))
}

export function bytes(value) {
    if (isMissing(value)) return NONE
    return scaled(value, [[999_500_000, 1e9, ' GB'], [999_500, 1e6, ' MB'], [1000, 1e3, ' kB']]) ?? `${Math.round(value)} B`
}

export function duration(milliseconds) {
    if (isMissing(milliseconds)) return NONE
    if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
    if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1).replace(/\.0$/, '')} s`
    if (milliseconds < 59_500) return `${Math.round(milliseconds / 1000)} s`
    if (milliseconds < 3_600_000) return `${Math.round(milliseconds / 60_000)} min`
    if (milliseconds < 172_800_000) return `${(milliseconds / 3_600_000).toFixed(1).replace(/\.0$/, '')} h`
    return `${Math.round(milliseconds / 86_400_000)} days`
}

export const percent = (share) => (isMissing(share) ? NONE : `${Math.round(share * 100)} %`)

/** A number and its noun: "1 event", "12 events". */
export const many = (value, noun) => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

export const time = (milliseconds) => clock.format(milliseconds)
export const fullTime = (milliseconds) => full.format(milliseconds)

/** JSON made readable; other text as it is. */
export function pretty(text) {
    try {
        return JSON.stringify(JSON.parse(text), null, 2)
    } catch {
        return text
    }
}
