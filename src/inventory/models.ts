/** Apple's model identifiers, by what follows `iPhone`. */
const iPhones: Readonly<Record<string, string>> = {
  '9,1': '7',
  '9,2': '7 Plus',
  '9,3': '7',
  '9,4': '7 Plus',
  '10,1': '8',
  '10,2': '8 Plus',
  '10,3': 'X',
  '10,4': '8',
  '10,5': '8 Plus',
  '10,6': 'X',
  '11,2': 'XS',
  '11,4': 'XS Max',
  '11,6': 'XS Max',
  '11,8': 'XR',
  '12,1': '11',
  '12,3': '11 Pro',
  '12,5': '11 Pro Max',
  '12,8': 'SE (2020)',
  '13,1': '12 mini',
  '13,2': '12',
  '13,3': '12 Pro',
  '13,4': '12 Pro Max',
  '14,2': '13 Pro',
  '14,3': '13 Pro Max',
  '14,4': '13 mini',
  '14,5': '13',
  '14,6': 'SE (2022)',
  '14,7': '14',
  '14,8': '14 Plus',
  '15,2': '14 Pro',
  '15,3': '14 Pro Max',
  '15,4': '15',
  '15,5': '15 Plus',
  '16,1': '15 Pro',
  '16,2': '15 Pro Max',
  '17,1': '16 Pro',
  '17,2': '16 Pro Max',
  '17,3': '16',
  '17,4': '16 Plus',
  '17,5': '16e',
  '18,1': '17 Pro',
  '18,2': '17 Pro Max',
  '18,3': '17',
  '18,4': 'Air',
}

/** Samsung's Galaxy S by the digits that do not tell the region. */
const galaxies: Readonly<Record<string, string>> = {
  S901: 'S22',
  S906: 'S22+',
  S908: 'S22 Ultra',
  S911: 'S23',
  S916: 'S23+',
  S918: 'S23 Ultra',
  S921: 'S24',
  S926: 'S24+',
  S928: 'S24 Ultra',
  S931: 'S25',
  S936: 'S25+',
  S938: 'S25 Ultra',
}

/** A model as people know it, where it is known: ActiveSync clients send `iPhone16C2` for Apple's iPhone16,2. */
export function soldAs(model: string): string {
  if (model === 'Outlook for iOS and Android') return 'Outlook mobile'
  const [, apple, version] = model.match(/^iPhone(\d+)[C,](\d+)$/) ?? []
  const [, samsung] = model.match(/^SM-(S\d{3})/) ?? []
  const sold = apple === undefined ? undefined : iPhones[`${apple},${version}`]
  const galaxy = samsung === undefined ? undefined : galaxies[samsung]
  return sold ? `iPhone ${sold}` : galaxy ? `Galaxy ${galaxy}` : model
}
