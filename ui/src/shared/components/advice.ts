import type { Strength, StrengthAdvice } from "../../bindings/api";
import { currentLanguage } from "../i18n";

/** zxcvbn's advice in Swedish; in English its own words are shown. */
const swedish: Record<StrengthAdvice, string> = {
  straight_rows_of_keys_are_easy_to_guess: "Tangenter i rad är lätta att gissa.",
  short_keyboard_patterns_are_easy_to_guess: "Korta mönster på tangentbordet är lätta att gissa.",
  repeats_like_aaa_are_easy_to_guess: "Upprepningar som ”aaa” är lätta att gissa.",
  repeats_like_abc_abc_are_only_slightly_harder_to_guess:
    "Upprepningar som ”abcabc” är bara lite svårare att gissa än ”abc”.",
  this_is_a_top10_password: "Det här är ett av de tio vanligaste lösenorden.",
  this_is_a_top100_password: "Det här är ett av de hundra vanligaste lösenorden.",
  this_is_a_common_password: "Det här är ett mycket vanligt lösenord.",
  this_is_similar_to_a_commonly_used_password: "Det här liknar ett vanligt lösenord.",
  sequences_like_abc_are_easy_to_guess: "Följder som abc eller 6543 är lätta att gissa.",
  recent_years_are_easy_to_guess: "Årtal från senare tid är lätta att gissa.",
  a_word_by_itself_is_easy_to_guess: "Ett ensamt ord är lätt att gissa.",
  dates_are_often_easy_to_guess: "Datum är ofta lätta att gissa.",
  names_and_surnames_by_themselves_are_easy_to_guess: "Ensamma namn och efternamn är lätta att gissa.",
  common_names_and_surnames_are_easy_to_guess: "Vanliga namn och efternamn är lätta att gissa.",
  use_a_few_words_avoid_common_phrases: "Använd några ord, undvik vanliga fraser.",
  no_need_for_symbols_digits_or_uppercase_letters: "Symboler, siffror och versaler behövs inte.",
  add_another_word_or_two: "Lägg till ett eller två ord. Ovanliga ord är bättre.",
  capitalization_doesnt_help_very_much: "Stor begynnelsebokstav hjälper inte mycket.",
  all_uppercase_is_almost_as_easy_to_guess_as_all_lowercase:
    "Bara versaler är nästan lika lätt att gissa som bara gemener.",
  reversed_words_arent_much_harder_to_guess: "Baklängesord är inte mycket svårare att gissa.",
  predictable_substitutions_dont_help_very_much: "Väntade byten som ”@” för ”a” hjälper inte mycket.",
  use_a_longer_keyboard_pattern_with_more_turns:
    "Använd ett längre mönster på tangentbordet, med fler svängar.",
  avoid_repeated_words_and_characters: "Undvik upprepade ord och tecken.",
  avoid_sequences: "Undvik följder.",
  avoid_recent_years: "Undvik årtal från senare tid.",
  avoid_years_that_are_associated_with_you: "Undvik årtal som hör ihop med dig.",
  avoid_dates_and_years_that_are_associated_with_you: "Undvik datum och årtal som hör ihop med dig.",
};

/** What would make a password better, in the person's language. */
export function adviceOf(strength: Pick<Strength, "advice" | "advice_keys">): readonly string[] {
  if (currentLanguage() === "en" || !strength.advice_keys) return strength.advice;
  return strength.advice_keys.map((key) => swedish[key]);
}
