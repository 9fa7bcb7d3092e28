const shades = (color: string) => ({ default: `var(--card-${color})`, subtle: `var(--card-${color}-subtle)` })

const foregroundColors = {
  default: shades('ink'),
  dark: shades('ink'),
  light: shades('light'),
  accent: shades('accent'),
  good: shades('good'),
  warning: shades('warning'),
  attention: shades('attention'),
}

const container = (name: string) => ({ backgroundColor: `var(--card-${name}-back)`, foregroundColors })

/** How cards look. The colours are variables of card.css, so that one configuration serves light and dark. */
export const hostConfig = {
  fontFamily: 'inherit',
  fontSizes: { small: 12, default: 14, medium: 16, large: 20, extraLarge: 25 },
  fontWeights: { lighter: 400, default: 400, bolder: 600 },
  lineHeights: { small: 16, default: 20, medium: 22, large: 26, extraLarge: 32 },
  spacing: { small: 6, default: 10, medium: 16, large: 22, extraLarge: 30, padding: 16 },
  separator: { lineThickness: 1, lineColor: 'var(--card-line)' },
  imageSizes: { small: 32, medium: 52, large: 100 },
  supportsInteractivity: true,
  containerStyles: {
    default: container('default'),
    emphasis: container('emphasis'),
    accent: container('accent'),
    good: container('good'),
    warning: container('warning'),
    attention: container('attention'),
  },
  actions: {
    maxActions: 6,
    spacing: 'default',
    buttonSpacing: 8,
    showCard: { actionMode: 'inline', inlineTopMargin: 12, style: 'emphasis' },
    actionsOrientation: 'horizontal',
    actionAlignment: 'left',
    allowTitleToWrap: true,
  },
  adaptiveCard: { allowCustomStyle: false },
  textBlock: { headingLevel: 3 },
  textStyles: { heading: { size: 'medium', weight: 'bolder' }, columnHeader: { weight: 'bolder', size: 'small' } },
  factSet: {
    title: { color: 'default', isSubtle: true, weight: 'default', maxWidth: 160, wrap: true },
    value: { color: 'default', wrap: true },
    spacing: 16,
  },
  inputs: {
    label: {
      inputSpacing: 'small',
      requiredInputs: { weight: 'bolder', size: 'small', suffix: ' *', suffixColor: 'attention' },
      optionalInputs: { weight: 'bolder', size: 'small' },
    },
    errorMessage: { color: 'attention', size: 'small', weight: 'default' },
  },
  table: { cellSpacing: 8 },
}
