/** What the view of the report says, in both languages. */

export const words = {
  ko: {
    html: '한 장짜리 페이지 받기 (HTML)',
    csv: '표로 받기 (CSV)',
    json: '프로그램용으로 받기 (JSON)',
    again: '다시 만들기',
    page: '보고서',
    making: '보고서를 만들고 있어요. 큰 캠페인은 몇 초 걸려요.',
  },
  en: {
    html: 'Download as one page (HTML)',
    csv: 'Download as a table (CSV)',
    json: 'Download for programs (JSON)',
    again: 'Make it anew',
    page: 'Report',
    making: 'The report is being made. A large campaign takes a few seconds.',
  },
};
