<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE">
 <context>
  <name>MammoLens</name>
  <message>
   <source>Accept</source>
   <translation>Annehmen</translation>
  </message>
  <message>
   <source>Access token, if the server requires one. It is not saved.</source>
   <translation>Zugangstoken, falls der Server eines verlangt. Es wird nicht gespeichert.</translation>
  </message>
  <message>
   <source>Address of the MammoLens server.</source>
   <translation>Adresse des MammoLens-Servers.</translation>
  </message>
  <message>
   <source>Address:</source>
   <translation>Adresse:</translation>
  </message>
  <message>
   <source>Adds the heat levels as segments, to edit them or export them as DICOM SEG.</source>
   <translation>Fügt die Wärmestufen als Segmente hinzu, zum Bearbeiten oder zum Export als DICOM SEG.</translation>
  </message>
  <message>
   <source>Adjust finding</source>
   <translation>Befund anpassen</translation>
  </message>
  <message>
   <source>Analyse the prior</source>
   <translation>Voruntersuchung auswerten</translation>
  </message>
  <message>
   <source>Ask me first:</source>
   <translation>Mich zuerst fragen:</translation>
  </message>
  <message>
   <source>Both</source>
   <translation>Beide</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Cancels the request under way; nothing changes.</source>
   <translation>Bricht die laufende Anfrage ab; nichts ändert sich.</translation>
  </message>
  <message>
   <source>Certificate authority of the server (PEM file), if its certificate is not publicly signed.</source>
   <translation>Zertifizierungsstelle des Servers (PEM-Datei), falls sein Zertifikat nicht öffentlich signiert ist.</translation>
  </message>
  <message>
   <source>Certificates:</source>
   <translation>Zertifikate:</translation>
  </message>
  <message>
   <source>Click a finding to show it.</source>
   <translation>Ein Klick auf einen Befund zeigt ihn.</translation>
  </message>
  <message>
   <source>Click around a region in a view; finish with a right click or Enter (D).</source>
   <translation>In einer Ansicht um eine Region klicken; mit Rechtsklick oder Eingabe beenden (D).</translation>
  </message>
  <message>
   <source>Comment (optional)</source>
   <translation>Bemerkung (freiwillig)</translation>
  </message>
  <message>
   <source>Confirm normal</source>
   <translation>Normal bestätigen</translation>
  </message>
  <message>
   <source>Connect</source>
   <translation>Verbinden</translation>
  </message>
  <message>
   <source>Connect to the server and read the worklist.</source>
   <translation>Mit dem Server verbinden und die Arbeitsliste lesen.</translation>
  </message>
  <message>
   <source>Continues where the job stopped.</source>
   <translation>Setzt den Auftrag dort fort, wo er angehalten wurde.</translation>
  </message>
  <message>
   <source>Current</source>
   <translation>Aktuell</translation>
  </message>
  <message>
   <source>Decision</source>
   <translation>Entscheidung</translation>
  </message>
  <message>
   <source>Do not use the selected model; it is kept.</source>
   <translation>Das gewählte Modell nicht einsetzen; es bleibt erhalten.</translation>
  </message>
  <message>
   <source>Does not start from the model in use.</source>
   <translation>Geht nicht vom eingesetzten Modell aus.</translation>
  </message>
  <message>
   <source>Double click opens an exam.</source>
   <translation>Ein Doppelklick öffnet eine Untersuchung.</translation>
  </message>
  <message>
   <source>Draw region</source>
   <translation>Region zeichnen</translation>
  </message>
  <message>
   <source>Each current view with its prior view</source>
   <translation>Jede aktuelle Aufnahme mit ihrer früheren</translation>
  </message>
  <message>
   <source>Epochs:</source>
   <translation>Epochen:</translation>
  </message>
  <message>
   <source>Exam</source>
   <translation>Untersuchung</translation>
  </message>
  <message>
   <source>Filter: patient, date, view, status</source>
   <translation>Filter: Patientin, Datum, Ansicht, Status</translation>
  </message>
  <message>
   <source>Findings</source>
   <translation>Befunde</translation>
  </message>
  <message>
   <source>From level:</source>
   <translation>Ab Stufe:</translation>
  </message>
  <message>
   <source>From scratch:</source>
   <translation>Von vorn:</translation>
  </message>
  <message>
   <source>Heat</source>
   <translation>Wärme</translation>
  </message>
  <message>
   <source>Heat below this level is not shown.</source>
   <translation>Wärme unter dieser Stufe wird nicht gezeigt.</translation>
  </message>
  <message>
   <source>Hides exams that have a decision.</source>
   <translation>Blendet Untersuchungen mit Entscheidung aus.</translation>
  </message>
  <message>
   <source>How strongly the heat covers the image.</source>
   <translation>Wie stark die Wärme das Bild bedeckt.</translation>
  </message>
  <message>
   <source>Keep the current model</source>
   <translation>Das jetzige Modell behalten</translation>
  </message>
  <message>
   <source>Keys: N next exam, H heat on or off, B current, both or prior, C confirm normal, M mark finding, Q poor quality, D draw region, U undo.</source>
   <translation>Tasten: N nächste Untersuchung, H Wärme an oder aus, B aktuell, beide oder früher, C normal bestätigen, M Befund markieren, Q schlechte Qualität, D Region zeichnen, U zurücknehmen.</translation>
  </message>
  <message>
   <source>Learning</source>
   <translation>Lernen</translation>
  </message>
  <message>
   <source>Learns from exams that were confirmed as normal. The new model is used only if the gate finds it no worse.</source>
   <translation>Lernt von Untersuchungen, die als normal bestätigt wurden. Das neue Modell kommt nur zum Einsatz, wenn es die Prüfung besteht.</translation>
  </message>
  <message>
   <source>Levels as segmentation</source>
   <translation>Stufen als Segmentierung</translation>
  </message>
  <message>
   <source>Mark finding</source>
   <translation>Befund markieren</translation>
  </message>
  <message>
   <source>Models</source>
   <translation>Modelle</translation>
  </message>
  <message>
   <source>Most anomalous first. Double click opens an exam.</source>
   <translation>Die auffälligsten zuerst. Ein Doppelklick öffnet eine Untersuchung.</translation>
  </message>
  <message>
   <source>Newest first. Select one to see the checks of the gate.</source>
   <translation>Die neuesten zuerst. Wählen Sie eines, um seine Prüfungen zu sehen.</translation>
  </message>
  <message>
   <source>Next exam</source>
   <translation>Nächste Untersuchung</translation>
  </message>
  <message>
   <source>Number of passes over all images.</source>
   <translation>Anzahl der Durchgänge durch alle Bilder.</translation>
  </message>
  <message>
   <source>Opacity:</source>
   <translation>Deckkraft:</translation>
  </message>
  <message>
   <source>Open exam</source>
   <translation>Untersuchung öffnen</translation>
  </message>
  <message>
   <source>Opens the next exam that has no decision (N).</source>
   <translation>Öffnet die nächste Untersuchung ohne Entscheidung (N).</translation>
  </message>
  <message>
   <source>Part of MammoLens, under the Apache License 2.0.</source>
   <translation>Teil von MammoLens, unter der Apache License 2.0.</translation>
  </message>
  <message>
   <source>Poor quality</source>
   <translation>Schlechte Qualität</translation>
  </message>
  <message>
   <source>Prior</source>
   <translation>Früher</translation>
  </message>
  <message>
   <source>Prior exams</source>
   <translation>Voruntersuchungen</translation>
  </message>
  <message>
   <source>Read the worklist again.</source>
   <translation>Liest die Arbeitsliste neu.</translation>
  </message>
  <message>
   <source>Reads mammograms with the heat of a model that learned what normal ones look like: connect to a MammoLens server, open an exam of the worklist, confirm it as normal or mark a finding. &lt;b&gt;Research use only, not a medical device.&lt;/b&gt;</source>
   <translation>Befundet Mammografien mit der Wärme eines Modells, das gelernt hat, wie normale aussehen: mit einem MammoLens-Server verbinden, eine Untersuchung der Arbeitsliste öffnen, als normal bestätigen oder einen Befund markieren. &lt;b&gt;Nur für die Forschung, kein Medizinprodukt.&lt;/b&gt;</translation>
  </message>
  <message>
   <source>Reason</source>
   <translation>Grund</translation>
  </message>
  <message>
   <source>Recalibrate</source>
   <translation>Neu kalibrieren</translation>
  </message>
  <message>
   <source>Recalibrates the model in use on exams that were confirmed as normal, without training. For a new machine or software version.</source>
   <translation>Kalibriert das eingesetzte Modell ohne Training neu, an Untersuchungen, die als normal bestätigt wurden. Für ein neues Gerät oder eine neue Softwareversion.</translation>
  </message>
  <message>
   <source>Reload</source>
   <translation>Neu laden</translation>
  </message>
  <message>
   <source>Remove region</source>
   <translation>Region entfernen</translation>
  </message>
  <message>
   <source>Removes the last region.</source>
   <translation>Entfernt die letzte Region.</translation>
  </message>
  <message>
   <source>Research use only, not a medical device</source>
   <translation>Nur für die Forschung, kein Medizinprodukt</translation>
  </message>
  <message>
   <source>Resume</source>
   <translation>Fortsetzen</translation>
  </message>
  <message>
   <source>Roll back</source>
   <translation>Zurückgehen</translation>
  </message>
  <message>
   <source>Saved in the history with your name.</source>
   <translation>Wird mit Ihrem Namen im Verlauf gespeichert.</translation>
  </message>
  <message>
   <source>Saved with the decision.</source>
   <translation>Wird mit der Entscheidung gespeichert.</translation>
  </message>
  <message>
   <source>Server</source>
   <translation>Server</translation>
  </message>
  <message>
   <source>Show heat:</source>
   <translation>Wärme zeigen:</translation>
  </message>
  <message>
   <source>Show the images of the selected exam with their heat.</source>
   <translation>Zeigt die Bilder der gewählten Untersuchung mit ihrer Wärme.</translation>
  </message>
  <message>
   <source>Shows exams that contain all of these words.</source>
   <translation>Zeigt die Untersuchungen, die alle diese Wörter enthalten.</translation>
  </message>
  <message>
   <source>Shows or hides the heat (H).</source>
   <translation>Zeigt oder verbirgt die Wärme (H).</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>Anhalten</translation>
  </message>
  <message>
   <source>Stops the job; the model in use stays.</source>
   <translation>Hält den Auftrag an; das eingesetzte Modell bleibt.</translation>
  </message>
  <message>
   <source>Suspect normals</source>
   <translation>Fragliche Normalbefunde</translation>
  </message>
  <message>
   <source>The candidate compared with the model in use, on patients that neither was trained on.</source>
   <translation>Das neue Modell im Vergleich mit dem eingesetzten, an Patientinnen, von denen keines gelernt hat.</translation>
  </message>
  <message>
   <source>The current exam alone</source>
   <translation>Nur die aktuelle Untersuchung</translation>
  </message>
  <message>
   <source>The new model awaits approval, even if it passes the gate.</source>
   <translation>Das neue Modell wartet, bis jemand es annimmt, auch wenn es die Prüfung besteht.</translation>
  </message>
  <message>
   <source>The prior exam alone</source>
   <translation>Nur die Voruntersuchung</translation>
  </message>
  <message>
   <source>The prior exam that is compared.</source>
   <translation>Die Voruntersuchung, mit der verglichen wird.</translation>
  </message>
  <message>
   <source>This exam cannot be read well enough (Q).</source>
   <translation>Diese Untersuchung ist nicht gut genug zu befunden (Q).</translation>
  </message>
  <message>
   <source>This exam has a finding; the regions are saved with it (M).</source>
   <translation>Diese Untersuchung hat einen Befund; die Regionen werden mit ihm gespeichert (M).</translation>
  </message>
  <message>
   <source>This exam is normal (C).</source>
   <translation>Diese Untersuchung ist normal (C).</translation>
  </message>
  <message>
   <source>Token:</source>
   <translation>Token:</translation>
  </message>
  <message>
   <source>Train</source>
   <translation>Trainieren</translation>
  </message>
  <message>
   <source>Turns the selected finding into a region whose points can be moved.</source>
   <translation>Macht aus dem gewählten Befund eine Region, deren Punkte sich verschieben lassen.</translation>
  </message>
  <message>
   <source>Undo</source>
   <translation>Zurücknehmen</translation>
  </message>
  <message>
   <source>Undoes the last decision (U).</source>
   <translation>Nimmt die letzte Entscheidung zurück (U).</translation>
  </message>
  <message>
   <source>Unreviewed only</source>
   <translation>Nur unbefundete</translation>
  </message>
  <message>
   <source>Use the previous model again. Requires a reason.</source>
   <translation>Das vorige Modell wieder einsetzen. Braucht einen Grund.</translation>
  </message>
  <message>
   <source>Use the selected model from now on.</source>
   <translation>Das gewählte Modell von nun an einsetzen.</translation>
  </message>
  <message>
   <source>Views</source>
   <translation>Ansichten</translation>
  </message>
  <message>
   <source>What each region shows and its BI-RADS category; both are optional.</source>
   <translation>Was jede Region zeigt und ihre BI-RADS-Kategorie; beides kann leer bleiben.</translation>
  </message>
  <message>
   <source>Worklist</source>
   <translation>Arbeitsliste</translation>
  </message>
  <message>
   <source>as the model in use</source>
   <translation>wie das eingesetzte Modell</translation>
  </message>
 </context>
 <context>
  <name>panel.decision_part</name>
  <message>
   <source>BI-RADS</source>
   <translation>BI-RADS</translation>
  </message>
  <message>
   <source>Confirm a second time</source>
   <translation>Ein zweites Mal bestätigen</translation>
  </message>
  <message>
   <source>Confirm normal</source>
   <translation>Normal bestätigen</translation>
  </message>
  <message>
   <source>Finding type</source>
   <translation>Befundart</translation>
  </message>
  <message>
   <source>Region</source>
   <translation>Region</translation>
  </message>
  <message>
   <source>Regions saved with a finding: {number}</source>
   <translation>Regionen, die zu einem Befund gehören: {number}</translation>
  </message>
 </context>
 <context>
  <name>panel.findings_part</name>
  <message>
   <source>Area</source>
   <translation>Fläche</translation>
  </message>
  <message>
   <source>Finding</source>
   <translation>Befund</translation>
  </message>
  <message>
   <source>New</source>
   <translation>Neu</translation>
  </message>
  <message>
   <source>No findings.</source>
   <translation>Keine Befunde.</translation>
  </message>
  <message>
   <source>Not analysed.</source>
   <translation>Nicht ausgewertet.</translation>
  </message>
  <message>
   <source>Not comparable</source>
   <translation>Nicht vergleichbar</translation>
  </message>
  <message>
   <source>Prior</source>
   <translation>Früher</translation>
  </message>
  <message>
   <source>Seen before</source>
   <translation>Schon früher zu sehen</translation>
  </message>
  <message>
   <source>View</source>
   <translation>Ansicht</translation>
  </message>
  <message>
   <source>and {number} with lower peaks</source>
   <translation>und {number} mit niedrigeren Spitzen</translation>
  </message>
 </context>
 <context>
  <name>panel.heat_part</name>
  <message>
   <source>{level} and higher</source>
   <translation>{level} und höher</translation>
  </message>
 </context>
 <context>
  <name>panel.learning_part</name>
  <message>
   <source>Accepted as normal, but unlike normal exams: left out of training until confirmed a second time.</source>
   <translation>Als normal angenommen, aber anders als normale Untersuchungen: wird nicht zum Lernen verwendet, bis es ein zweites Mal bestätigt ist.</translation>
  </message>
  <message>
   <source>No suspect normals.</source>
   <translation>Keine fraglichen Normalbefunde.</translation>
  </message>
  <message>
   <source>Patient</source>
   <translation>Patientin</translation>
  </message>
  <message>
   <source>Views</source>
   <translation>Ansichten</translation>
  </message>
  <message>
   <source>p-value</source>
   <translation>p-Wert</translation>
  </message>
 </context>
 <context>
  <name>panel.learning_words</name>
  <message>
   <source>In use: {model}</source>
   <translation>Im Einsatz: {model}</translation>
  </message>
  <message>
   <source>No model is in use.</source>
   <translation>Kein Modell ist im Einsatz.</translation>
  </message>
  <message>
   <source>No training yet. The model learns from exams that were confirmed as normal.</source>
   <translation>Noch kein Training. Das Modell lernt von Untersuchungen, die als normal bestätigt wurden.</translation>
  </message>
  <message>
   <source>Not compared with another model.</source>
   <translation>Nicht mit einem anderen Modell verglichen.</translation>
  </message>
  <message>
   <source>Promoted against the gate by {name}.</source>
   <translation>Trotz nicht bestandener Prüfung eingesetzt von {name}.</translation>
  </message>
  <message>
   <source>Queued behind it: {number}.</source>
   <translation>Dahinter eingereiht: {number}.</translation>
  </message>
  <message>
   <source>since {time}</source>
   <translation>seit {time}</translation>
  </message>
  <message>
   <source>trained on {number} patients</source>
   <translation>trainiert an {number} Patientinnen</translation>
  </message>
 </context>
 <context>
  <name>panel.models_part</name>
  <message>
   <source>Accept</source>
   <translation>Annehmen</translation>
  </message>
  <message>
   <source>Calibrated on {number} patients</source>
   <translation>Kalibriert an {number} Patientinnen</translation>
  </message>
  <message>
   <source>Candidate</source>
   <translation>Neu</translation>
  </message>
  <message>
   <source>In use</source>
   <translation>Im Einsatz</translation>
  </message>
  <message>
   <source>Model</source>
   <translation>Modell</translation>
  </message>
  <message>
   <source>Reason (required against the gate's verdict)</source>
   <translation>Grund (nötig, da die Prüfung nicht bestanden ist)</translation>
  </message>
  <message>
   <source>Reason (required to roll back)</source>
   <translation>Grund (nötig, um zurückzugehen)</translation>
  </message>
  <message>
   <source>Result</source>
   <translation>Ergebnis</translation>
  </message>
  <message>
   <source>Since</source>
   <translation>Seit</translation>
  </message>
  <message>
   <source>State</source>
   <translation>Stand</translation>
  </message>
  <message>
   <source>Trained on {number} patients</source>
   <translation>Trainiert an {number} Patientinnen</translation>
  </message>
  <message>
   <source>Use anyway</source>
   <translation>Trotzdem einsetzen</translation>
  </message>
  <message>
   <source>{number} epochs</source>
   <translation>{number} Epochen</translation>
  </message>
 </context>
 <context>
  <name>panel.priors_part</name>
  <message>
   <source>No comparable prior view: {views}.</source>
   <translation>Keine vergleichbare frühere Aufnahme: {views}.</translation>
  </message>
  <message>
   <source>Prior exams do not affect score, category or flag.</source>
   <translation>Voruntersuchungen haben keinen Einfluss auf Score, Kategorie und Auffälligkeit.</translation>
  </message>
  <message>
   <source>cannot be analysed</source>
   <translation>kann nicht ausgewertet werden</translation>
  </message>
  <message>
   <source>not analysed</source>
   <translation>nicht ausgewertet</translation>
  </message>
 </context>
 <context>
  <name>panel.server_part</name>
  <message>
   <source>Connected to {url}, MammoLens {version}, model {model}.</source>
   <translation>Verbunden mit {url}, MammoLens {version}, Modell {model}.</translation>
  </message>
  <message>
   <source>no model in use</source>
   <translation>kein Modell im Einsatz</translation>
  </message>
 </context>
 <context>
  <name>panel.words</name>
  <message>
   <source>1 region</source>
   <translation>1 Region</translation>
  </message>
  <message>
   <source>Analysing the prior exam</source>
   <translation>Voruntersuchung wird ausgewertet</translation>
  </message>
  <message>
   <source>Connecting</source>
   <translation>Verbindet</translation>
  </message>
  <message>
   <source>Earlier decisions</source>
   <translation>Frühere Entscheidungen</translation>
  </message>
  <message>
   <source>Flagged.</source>
   <translation>Auffällig.</translation>
  </message>
  <message>
   <source>Loading the heat levels</source>
   <translation>Lädt die Wärmestufen</translation>
  </message>
  <message>
   <source>Loading the prior exam</source>
   <translation>Voruntersuchung wird geladen</translation>
  </message>
  <message>
   <source>Missing views: {views}.</source>
   <translation>Fehlende Aufnahmen: {views}.</translation>
  </message>
  <message>
   <source>No exam is open. Choose one in the worklist.</source>
   <translation>Keine Untersuchung ist geöffnet. Wählen Sie eine in der Arbeitsliste.</translation>
  </message>
  <message>
   <source>Not flagged.</source>
   <translation>Nicht auffällig.</translation>
  </message>
  <message>
   <source>Not reviewed.</source>
   <translation>Nicht befundet.</translation>
  </message>
  <message>
   <source>Opening the exam</source>
   <translation>Öffnet die Untersuchung</translation>
  </message>
  <message>
   <source>Reading jobs and models</source>
   <translation>Stand des Lernens wird gelesen</translation>
  </message>
  <message>
   <source>Reading the worklist</source>
   <translation>Liest die Arbeitsliste</translation>
  </message>
  <message>
   <source>Saving the decision</source>
   <translation>Speichert die Entscheidung</translation>
  </message>
  <message>
   <source>Suspect normal: this exam was confirmed as normal, but {reason}. No model trains on it until a reader confirms it again.</source>
   <translation>Fraglich normal: Diese Untersuchung wurde als normal bestätigt, aber {reason}. Kein Modell lernt aus ihr, bis sie erneut bestätigt wird.</translation>
  </message>
  <message>
   <source>Undoing the decision</source>
   <translation>Entscheidung wird zurückgenommen</translation>
  </message>
  <message>
   <source>by {reviewer}</source>
   <translation>von {reviewer}</translation>
  </message>
  <message>
   <source>confirmed twice</source>
   <translation>zweimal bestätigt</translation>
  </message>
  <message>
   <source>undone</source>
   <translation>rückgängig gemacht</translation>
  </message>
  <message>
   <source>{number} regions</source>
   <translation>{number} Regionen</translation>
  </message>
 </context>
 <context>
  <name>panel.worklist_part</name>
  <message>
   <source>Date</source>
   <translation>Datum</translation>
  </message>
  <message>
   <source>Patient</source>
   <translation>Patientin</translation>
  </message>
  <message>
   <source>Recent exams differ from those of the calibration.</source>
   <translation>Neuere Untersuchungen unterscheiden sich von denen der Kalibrierung.</translation>
  </message>
  <message>
   <source>Score</source>
   <translation>Wert</translation>
  </message>
  <message>
   <source>Share of normal exams that are at least as anomalous. Bold: flagged.</source>
   <translation>Anteil der normalen Untersuchungen, die mindestens so auffällig sind. Fett: auffällig.</translation>
  </message>
  <message>
   <source>Status</source>
   <translation>Status</translation>
  </message>
  <message>
   <source>Tenth of normal exams that the exam falls in; 10 is the most anomalous.</source>
   <translation>Zehntel der normalen Untersuchungen, in das die Untersuchung fällt; 10 ist das auffälligste.</translation>
  </message>
  <message>
   <source>Views</source>
   <translation>Ansichten</translation>
  </message>
  <message>
   <source>all four</source>
   <translation>alle vier</translation>
  </message>
  <message>
   <source>p-value</source>
   <translation>p-Wert</translation>
  </message>
  <message>
   <source>{count}, the first {most} shown</source>
   <translation>{count}, die ersten {most} gezeigt</translation>
  </message>
  <message>
   <source>{fitting} of {total} exams</source>
   <translation>{fitting} von {total} Untersuchungen</translation>
  </message>
 </context>
</TS>
