/** Files that the bundler takes in: style sheets go to the page's .css, .html is copied beside it. */
declare module '*.css';
declare module '*.html';
