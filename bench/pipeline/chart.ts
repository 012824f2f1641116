// Line charts as SVG that read on a light and on a dark page: no background, greys that contrast with both, and
// colours of middle brightness.

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
  /** A second line of the same thing: thinner, and broken. */
  readonly isSecond?: boolean
  /** Which colour; series of one number share it. */
  readonly color: number
}

export interface Axis {
  readonly label: string
  readonly ticks: readonly { readonly at: number; readonly text: string }[]
}

export interface Chart {
  readonly title: string
  /** Both axes are logarithmic. */
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

const WIDTH = 860
const HEIGHT = 420
const LEFT = 70
const RIGHT = 270
const TOP = 40
const BOTTOM = 50
const LEGEND_STEP = 20
const COLORS = ['#3f7fd6', '#d1682c', '#2f9a63', '#a259c4', '#c2a01e', '#d64a7b', '#5f8f99']

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #59636e }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #8c959f; stroke-opacity: .3 }
  .axis { stroke: #8c959f }
  @media (prefers-color-scheme: dark) { text { fill: #9198a1 } }
`

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const short = (value: number) => value.toFixed(1)

/** Maps a value between the outer ticks of an axis to a place, by its logarithm. */
function scale({ ticks }: Axis, from: number, to: number) {
  const low = Math.log(ticks[0]!.at)
  const high = Math.log(ticks.at(-1)!.at)
  return (value: number) => {
    const share = (Math.log(Math.max(value, 1e-9)) - low) / (high - low)
    return from + Math.min(1, Math.max(0, share)) * (to - from)
  }
}

function text(x: number, y: number, content: string, more = ''): string {
  return `<text x="${short(x)}" y="${short(y)}"${more}>${escaped(content)}</text>`
}

/** Draws a chart. */
export function drawChart({ title, x, y, series }: Chart): string {
  const right = WIDTH - RIGHT
  const bottom = HEIGHT - BOTTOM
  const atX = scale(x, LEFT, right)
  const atY = scale(y, bottom, TOP)
  const parts = [text(LEFT, 20, title, ' class="title"')]
  for (const { at, text: label } of x.ticks) {
    const place = short(atX(at))
    parts.push(`<path class="grid" d="M${place} ${TOP}V${bottom}"/>`)
    parts.push(text(atX(at), bottom + 18, label, ' text-anchor="middle"'))
  }
  for (const { at, text: label } of y.ticks) {
    parts.push(`<path class="grid" d="M${LEFT} ${short(atY(at))}H${right}"/>`)
    parts.push(text(LEFT - 8, atY(at) + 4, label, ' text-anchor="end"'))
  }
  parts.push(`<path class="axis" fill="none" d="M${LEFT} ${TOP}V${bottom}H${right}"/>`)
  parts.push(text((LEFT + right) / 2, HEIGHT - 10, x.label, ' text-anchor="middle"'))
  parts.push(text(LEFT - 50, TOP - 10, y.label))
  series.forEach(({ name, points, color, isSecond }, place) => {
    const stroke = COLORS[color % COLORS.length]!
    const line = isSecond ? 'stroke-width="1.5" stroke-dasharray="5 4"' : 'stroke-width="2.5"'
    const path = points.map(([px, py]) => `${short(atX(px))} ${short(atY(py))}`).join('L')
    parts.push(`<path fill="none" stroke="${stroke}" ${line} d="M${path}"/>`)
    const legendY = TOP + 10 + place * LEGEND_STEP
    parts.push(`<path stroke="${stroke}" ${line} d="M${right + 16} ${legendY}h24"/>`)
    parts.push(text(right + 46, legendY + 4, name))
  })
  const box = `viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}"`
  const head = `<svg xmlns="http://www.w3.org/2000/svg" ${box}>\n<style>${STYLE}</style>`
  return `${head}\n${parts.join('\n')}\n</svg>\n`
}

/** Ticks at 1, 10, 100… from the power of ten below the least value to the one above the greatest. */
export function decades(
  values: readonly number[],
  label: string,
  unit: (value: number) => string,
): Axis {
  const known = values.filter((value) => value > 0)
  const low = Math.floor(Math.log10(Math.min(...known)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...known))))
  const ticks = Array.from({ length: high - low + 1 }, (_, step) => {
    const at = 10 ** (low + step)
    return { at, text: unit(at) }
  })
  return { label, ticks }
}
