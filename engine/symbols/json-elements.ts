// The elements of a JSON array, one by one, so that a file of hundreds of megabytes never stands in memory.
import { JSONParser } from '@streamparser/json'

/**
 * Yields the elements of the array that the bytes hold, as they come. Throws an error that names the element where
 * the text is no JSON, no array, or ends too early, and where one element has more than `elementBytesMax`.
 */
export async function* jsonElements(
  content: AsyncIterable<Uint8Array>,
  elementBytesMax: number,
): AsyncGenerator<unknown> {
  const parser = new JSONParser({ paths: ['$.*'], keepStack: false })
  const found: unknown[] = []
  let count = 0
  let isArray = true
  let failure: Error | null = null
  let bytesSinceElement = 0
  parser.onValue = ({ value, key }) => {
    isArray &&= typeof key === 'number'
    found.push(value)
  }
  parser.onError = (error) => {
    failure = error
  }
  for await (const chunk of content) {
    try {
      parser.write(chunk)
    } catch (error) {
      failure = error as Error
    }
    if (!isArray) throw new Error('it is a JSON object and not an array of rows')
    bytesSinceElement = found.length > 0 ? 0 : bytesSinceElement + chunk.length
    count += found.length
    yield* found.splice(0)
    if (failure !== null)
      throw new Error(`it is not JSON after row ${count}: ${(failure as Error).message}`)
    // A chunk of a stream is 64 KiB at most, so that this many without an element is one that is too large.
    if (bytesSinceElement > elementBytesMax + chunk.length) {
      throw new Error(`row ${count + 1} has more than ${elementBytesMax} bytes`)
    }
  }
  if (!parser.isEnded) throw new Error(`the JSON ends too early, after row ${count}`)
}
