import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeZ85, encodeZ85 } from '../../engine/auth/z85.ts'

/** From documentation: the example of ZeroMQ RFC 32. */
const HELLO = Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b)
/** From documentation: the client's test key of the manual page zmq_curve(7), as bytes and as text. */
const CLIENT_HEX = 'bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518'
const CLIENT_TEXT = 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID'

test('the published examples are written and read', () => {
  assert.equal(encodeZ85(HELLO), 'HelloWorld')
  assert.deepEqual(decodeZ85('HelloWorld'), HELLO)
  assert.equal(encodeZ85(Buffer.from(CLIENT_HEX, 'hex')), CLIENT_TEXT)
  assert.deepEqual(decodeZ85(CLIENT_TEXT), Uint8Array.from(Buffer.from(CLIENT_HEX, 'hex')))
})

test('bytes survive text, also those of a part of a buffer', () => {
  const words = fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 16 })
  fc.assert(
    fc.property(words, fc.nat(7), (parts, offset) => {
      const bytes = Uint8Array.from(parts.flatMap((part) => [...part]))
      const larger = new Uint8Array(offset + bytes.length)
      larger.set(bytes, offset)
      const text = encodeZ85(larger.subarray(offset))
      assert.equal(text.length, parts.length * 5)
      assert.deepEqual(decodeZ85(text), bytes)
    }),
  )
})

test('a text is read only if it is what would be written', () => {
  const digits = fc.constantFrom(...'0aZ.-:+=^!/*?&<>()[]{}@%$#', ' ', '"', "'", '~', 'é', '\0')
  const texts = fc.oneof(fc.string(), fc.string({ unit: digits, minLength: 5, maxLength: 10 }))
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = decodeZ85(text)
      if (bytes !== null) assert.equal(encodeZ85(bytes), text)
    }),
    { numRuns: 2000 },
  )
})

test('what is not Z85 is null or refused', () => {
  assert.deepEqual(decodeZ85('%nSc0'), Uint8Array.of(0xff, 0xff, 0xff, 0xff))
  for (const text of ['%nSc1', '#####', 'Hell', 'HelloW', 'Hell~', "Hell'", 'Hell ', 'Hellé']) {
    assert.equal(decodeZ85(text), null, text)
  }
  assert.throws(() => encodeZ85(new Uint8Array(5)), /multiples of 4 bytes, not 5/)
})
