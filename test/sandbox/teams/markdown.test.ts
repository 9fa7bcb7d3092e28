import assert from 'node:assert/strict'
import { markdown, plain } from '../../../src/sandbox/teams/page/markdown.ts'

const link = (href: string, text = href) => `<a href="${href}" target="_blank" rel="noopener noreferrer">${text}</a>`

describe('sandbox/teams page markdown', () => {
  const cases: Record<string, [text: string, html: string]> = {
    'bold and italic': ['**a** *b* _c_ and a_b_c', '<p><strong>a</strong> <em>b</em> <em>c</em> and a_b_c</p>'],
    'one within the other': ['**a _b_**', '<p><strong>a <em>b</em></strong></p>'],
    links: ['[a](https://b.example/_c_)', `<p>${link('https://b.example/_c_', 'a')}</p>`],
    'addresses alone': ['see https://b.example/*c*.', `<p>see ${link('https://b.example/*c*')}.</p>`],
    'paragraphs, and lines that belong together': ['a\nb\n\nc', '<p>a b</p><p>c</p>'],
    lists: ['- a\n- b\n\n1. c\n2) d', '<ul><li>a</li><li>b</li></ul><ol><li>c</li><li>d</li></ol>'],
    'escaped characters as they are': ['\\*a\\* \\[b\\](http://c)', `<p>*a* [b](${link('http://c')})</p>`],
    'HTML as text': [`<b onclick='x'>&"`, '<p>&lt;b onclick=&#39;x&#39;&gt;&amp;&quot;</p>'],
    'no links that run': ['[a](javascript:b) [c](data:d)', '<p>[a](javascript:b) [c](data:d)</p>'],
    'nothing that Teams does not': ['# a\n\n`b` ![c](d) ~~e~~', '<p># a</p><p>`b` ![c](d) ~~e~~</p>'],
  }
  for (const [what, [text, html]] of Object.entries(cases)) {
    it(`draws ${what}`, () => assert.equal(markdown(text), html))
  }

  it('draws a mention only of those who are mentioned', () => {
    const mentions = [{ text: '<at>Omar</at>', name: 'Omar <b>' }]
    const drawn = '<span class="mention">Omar &lt;b&gt;</span> &lt;at&gt;all&lt;/at&gt;'
    assert.equal(markdown('<at>Omar</at> <at>all</at>', mentions), `<p>${drawn}</p>`)
    assert.equal(plain('<at>Omar</at> <at>all</at>', mentions), `<p class="typed">${drawn}</p>`)
  })

  it('leaves typed text alone', () => {
    assert.equal(plain('**a**\n[b](http://c) <i>'), '<p class="typed">**a**\n[b](http://c) &lt;i&gt;</p>')
  })
})
