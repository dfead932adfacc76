const stack = document.getElementById('toasts')
const MOST = 4

/** Shows a message in the corner. A critical one stays until it is dismissed or pushed out by newer ones. */
export function toast(level, title, text) {
    const element = document.createElement('div')
    element.className = 'toast'
    element.dataset.level = level
    if (level === 'critical') element.setAttribute('role', 'alert')

    const paragraph = document.createElement('p')
    const heading = document.createElement('b')
    heading.textContent = title
    paragraph.append(heading, text)

    const close = document.createElement('button')
    close.type = 'button'
    close.textContent = '×'
    close.setAttribute('aria-label', 'Dismiss')
    close.addEventListener('click', () => element.remove())

    element.append(paragraph, close)
    stack.append(element)
    while (stack.children.length > MOST) stack.firstElementChild.remove()

    if (level !== 'critical') setTimeout(() => element.remove(), 8000)
}
