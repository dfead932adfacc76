// A terminal's screen, as `tmux capture-pane -e` prints it, as SVG. Bars are drawn, for fonts disagree on them.

const CELL = { width: 8.4, height: 18 }
const PADDING = 12
const BACKGROUND = '#16191d'
const FOREGROUND = '#d6dade'
const COLOURS = ['#2b3036', '#ff7b72', '#7ee787', '#e3b341', '#79b8ff', '#d2a8ff', '#56c7d4', '#c9d1d9', '#8b949e', '#ffa198', '#9be9a8', '#f2cc60', '#a5d0ff', '#e2c5ff', '#7fdbe6', '#ffffff']
const BARS = '▁▂▃▄▅▆▇█'

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
const rounded = (number) => Number(number.toFixed(2))

// East Asian wide characters take two cells.
const cells = (letter) => (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(letter) ? 2 : 1)

/** What SGR parameters make of a style. */
function styled(style, parameters) {
    const codes = parameters.split(/[;:]/).map(Number)
    const next = { ...style }
    for (let place = 0; place < codes.length; place++) {
        const code = codes[place]
        if (code === 0) Object.assign(next, { colour: null, bold: false, dim: false, reverse: false, underline: false })
        else if (code === 1) next.bold = true
        else if (code === 2) next.dim = true
        else if (code === 4) next.underline = true
        else if (code === 7) next.reverse = true
        else if (code === 22) next.bold = next.dim = false
        else if (code === 24) next.underline = false
        else if (code === 27) next.reverse = false
        else if (code >= 30 && code <= 37) next.colour = COLOURS[code - 30]
        else if (code >= 90 && code <= 97) next.colour = COLOURS[code - 82]
        else if (code === 39) next.colour = null
        else if (code === 38 && codes[place + 1] === 5) next.colour = COLOURS[codes[(place += 2)]] ?? null
        else if (code === 48 && codes[place + 1] === 5) place += 2
    }
    return next
}

/** The letters of a line with their styles and places, and the style that goes on in the next line. */
function letters(line, style) {
    const placed = []
    let column = 0
    for (const [, parameters, letter] of line.matchAll(/\x1b\[([\d;:]*)m|([^\x1b])/gu)) {
        if (letter === undefined) {
            style = styled(style, parameters)
            continue
        }
        placed.push({ letter, column, style })
        column += cells(letter)
    }
    return { placed, style }
}

/** Neighbours of one style, without the spaces around them: one element of text. */
function runs(placed) {
    const runs = []
    for (const { letter, column, style } of placed) {
        const last = runs.at(-1)
        const isBar = BARS.includes(letter)
        if (last && last.style === style && last.isBar === isBar) {
            last.text += letter
            last.width += cells(letter)
        } else {
            runs.push({ text: letter, column, style, isBar, width: cells(letter) })
        }
    }
    return runs
}

function drawnRun({ text, column, style, isBar, width }, line) {
    const left = PADDING + column * CELL.width
    const top = PADDING + line * CELL.height
    const colour = style.reverse ? BACKGROUND : (style.colour ?? FOREGROUND)
    const shapes = []
    if (style.reverse) {
        const paper = style.colour ?? FOREGROUND
        shapes.push(`<rect x="${rounded(left)}" y="${top}" width="${rounded(width * CELL.width)}" height="${CELL.height}" fill="${paper}"/>`)
    }
    if (isBar) {
        const bars = [...text].map((letter, place) => {
            const height = ((BARS.indexOf(letter) + 1) / 8) * CELL.height
            return `M${rounded(left + place * CELL.width)} ${top + CELL.height}v-${rounded(height)}h${CELL.width}v${rounded(height)}z`
        })
        shapes.push(`<path d="${bars.join('')}" fill="${colour}"/>`)
    } else {
        // Gaps are places, for spaces in a row are one.
        for (const { 0: words, index } of text.matchAll(/\S+(?: \S+)*/g)) {
            const taken = [...words].reduce((sum, letter) => sum + cells(letter), 0)
            const before = [...text.slice(0, index)].reduce((sum, letter) => sum + cells(letter), 0)
            const attributes = [
                `x="${rounded(left + before * CELL.width)}"`,
                `y="${rounded(top + CELL.height * 0.74)}"`,
                `textLength="${rounded(taken * CELL.width)}"`,
                `fill="${colour}"`,
                style.bold && 'font-weight="600"',
                style.dim && 'opacity="0.6"',
                style.underline && 'text-decoration="underline"',
            ]
            shapes.push(`<text ${attributes.filter(Boolean).join(' ')}>${escaped(words)}</text>`)
        }
    }
    return shapes.join('')
}

/** The screen of so many columns and lines. */
export function drawing(screen, columns, lines) {
    let style = { colour: null, bold: false, dim: false, reverse: false, underline: false }
    const body = screen.split('\n').slice(0, lines).flatMap((line, place) => {
        const read = letters(line, style)
        style = read.style
        return runs(read.placed).map((run) => drawnRun(run, place)).filter(Boolean)
    })
    const width = Math.ceil(columns * CELL.width + 2 * PADDING)
    const height = lines * CELL.height + 2 * PADDING
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
        `font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">\n` +
        `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>\n${body.join('\n')}\n</svg>\n`
}
