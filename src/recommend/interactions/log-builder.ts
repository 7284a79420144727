/** Columns of interactions that grow; NaN stands for a value or time that is not there. */
export interface LogBuilder {
  add(user: number, item: number, value: number, time: number): void
  columns(): {
    readonly users: Uint32Array
    readonly items: Uint32Array
    readonly values?: Float32Array
    readonly times?: Float64Array
  }
}

/**
 * An empty log to add to.
 *
 * @param timeFactor milliseconds in a unit of the times added
 */
export function logBuilder(timeFactor = 1): LogBuilder {
  let users = new Uint32Array(1 << 12)
  let items = new Uint32Array(1 << 12)
  let values: Float32Array<ArrayBuffer> | undefined
  let times: Float64Array<ArrayBuffer> | undefined
  let count = 0
  const grow = (): void => {
    const room = users.length * 2
    const [moreUsers, moreItems] = [new Uint32Array(room), new Uint32Array(room)]
    moreUsers.set(users)
    moreItems.set(items)
    users = moreUsers
    items = moreItems
    if (values) {
      const more = new Float32Array(room)
      more.set(values)
      values = more
    }
    if (times) {
      const more = new Float64Array(room)
      more.set(times)
      times = more
    }
  }
  return {
    add(user, item, value, time) {
      if (count === 0) {
        if (!Number.isNaN(value)) values = new Float32Array(users.length)
        if (!Number.isNaN(time)) times = new Float64Array(users.length)
      }
      if (count === users.length) grow()
      users[count] = user
      items[count] = item
      if (values) values[count] = value
      if (times) times[count] = time * timeFactor
      count++
    },
    columns: () => ({
      users: users.slice(0, count),
      items: items.slice(0, count),
      ...(values && { values: values.slice(0, count) }),
      ...(times && { times: times.slice(0, count) }),
    }),
  }
}
