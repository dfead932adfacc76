export const LIMIT = 10_000

/** Waits until `condition` returns something true and returns it. Errors of the condition end the waiting. */
export async function until(what, condition, limit = LIMIT) {
    const deadline = Date.now() + limit
    for (;;) {
        const result = await condition()
        if (result) return result
        if (Date.now() > deadline) throw new Error(`waited ${limit} ms for ${what}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
    }
}

/** The value of `promise`, or an error that says what did not come. */
export async function within(what, promise, limit = LIMIT) {
    let timer
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`waited ${limit} ms for ${what}`)), limit)
    })
    try {
        return await Promise.race([promise, late])
    } finally {
        clearTimeout(timer)
    }
}
