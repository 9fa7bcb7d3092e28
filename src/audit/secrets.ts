const named =
  /\b((?:client[_-]?)?(?:secret|password|passwd|pwd|passphrase)\s*[:=]\s*)(?:"[^"]*"|[“”„][^“”„]*[“”„]|\S+)/gi
const inAddress = /(:\/\/)[^\s/@]+@/g

/** A text without the passwords that it says it holds, so that nothing keeps what somebody typed where it does not belong. */
export const hideSecrets = (text: string) => text.replace(named, '$1…').replace(inAddress, '$1…@')
