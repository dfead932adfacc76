import { api, connect, onReturn } from './connection.js'
import { track, watchJourneys } from './journey.js'
import { toast } from './toast.js'

// The gauge is full at this stock.
const FULL = 40

const LEVELS = {
    fine: 'In stock',
    warning: 'Low',
    critical: 'Critical',
}

const list = document.getElementById('items')
const rows = new Map([...list.children].map((element) => [Number(element.dataset.item), element]))

const echo = connect()
watchJourneys(echo)
track(
    echo.channel('inventory')
        .listen('ItemUpdated', ({ item }) => draw(item, true))
        .listen('.stock.alert', alert),
)
onReturn(async () => (await api('GET', '/items')).forEach((item) => draw(item, false)))

rows.forEach(refresh)
summarise()

for (const [id, row] of rows) {
    const form = row.querySelector('form')

    form.addEventListener('input', () => markDirty(form))
    form.addEventListener('submit', (event) => {
        event.preventDefault()
        const typed = fields(form).filter(isTyped).map((input) => [input.name, input.value])
        if (typed.length > 0) save(id, form, Object.fromEntries(typed))
    })
    form.addEventListener('keydown', (event) => {
        if (event.key !== 'Escape') return
        for (const input of fields(form)) input.value = input.defaultValue
        markDirty(form)
    })
    form.querySelectorAll('[data-add]').forEach((button) => button.addEventListener('click', () => {
        save(id, form, { add: Number(button.dataset.add) })
    }))
}

async function save(id, form, change) {
    try {
        const item = await api('PATCH', `/items/${id}`, change)
        // What was sent, not what stands there now: somebody may be typing on.
        for (const input of fields(form)) input.defaultValue = change[input.name] ?? input.defaultValue
        draw(item, false)
    } catch (error) {
        toast('critical', 'Not saved', error.message)
    }
}

// The default value of an input is what the server said last; a value that differs is somebody's typing and is left alone.
function draw(item, flash) {
    const row = rows.get(item.id)
    if (!row || item.version < Number(row.dataset.version)) return

    row.dataset.version = item.version
    row.dataset.level = item.level ?? 'fine'
    const form = row.querySelector('form')
    for (const input of fields(form)) {
        const typed = isTyped(input)
        input.defaultValue = item[input.name]
        if (!typed) input.value = item[input.name]
    }
    markDirty(form)
    refresh(row)
    summarise()

    if (flash) {
        row.classList.remove('arrived')
        void row.offsetWidth
        row.classList.add('arrived')
    }
}

function refresh(row) {
    const stock = Number(row.querySelector('[name="stock"]').defaultValue)
    row.querySelector('.badge').textContent = LEVELS[row.dataset.level]
    row.querySelector('.gauge').style.setProperty('--fill', Math.min(1, stock / FULL))
}

function summarise() {
    const count = (level) => [...rows.values()].filter((row) => row.dataset.level === level).length
    document.getElementById('summary').textContent = `${rows.size} items · ${count('warning')} low · ${count('critical')} critical`
}

function markDirty(form) {
    form.querySelector('.save').disabled = !fields(form).some(isTyped)
}

function isTyped(input) {
    return input.value !== input.defaultValue
}

function fields(form) {
    return [form.elements.name, form.elements.stock]
}

function alert({ level, name, stock }) {
    const left = stock === 0 ? 'Nothing left on the shelf.' : `Only ${stock} left on the shelf.`
    toast(level, `${level === 'critical' ? 'Critical' : 'Warning'}: ${name}`, left)
}
