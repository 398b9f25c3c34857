/** Rows of a stream in chunks, which are made, begun and ended elsewhere. */

export async function* once(rows: readonly unknown[]): AsyncIterable<readonly unknown[]> {
  yield rows;
}

export async function* resumed<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncIterable<T> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** `ended` is called once, also when nobody has asked for a row: a generator that was not begun would not call it. */
export const mapped = (
  chunks: AsyncIterable<readonly unknown[]>,
  map: (rows: readonly unknown[]) => readonly unknown[],
  ended: () => void,
): AsyncIterable<readonly unknown[]> => {
  const iterator = chunks[Symbol.asyncIterator]();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    ended();
  };
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        if (isOver) return { done: true, value: undefined };
        try {
          const step = await iterator.next();
          if (step.done !== true) return { done: false, value: map(step.value) };
        } catch (error) {
          end();
          throw error;
        }
        end();
        return { done: true, value: undefined };
      },
      async return() {
        end();
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
};
